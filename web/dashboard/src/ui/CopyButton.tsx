import { useState } from 'react';
import { Icon, type IconName } from './Icon.tsx';

interface Props {
  text: string;
  label: string;
  icon?: IconName;
  className?: string;
  /** The text next to the icon; without it, the label is for screen readers and the pointer. */
  caption?: string;
}

/** Copies a text, and confirms it. */
export function CopyButton({ text, label, icon = 'copy', className = 'copy', caption }: Props) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button
      type="button"
      className={className}
      onClick={() => void copy().catch(() => setCopied(false))}
      aria-label={isCopied ? 'Copied' : label}
      title={label}
    >
      <Icon name={isCopied ? 'check' : icon} size={13} />
      {caption && ` ${isCopied ? 'Copied' : caption}`}
    </button>
  );
}
