import { useState } from 'react';
import { Icon } from './Icon.tsx';

/** Copies a text, and confirms it. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button
      type="button"
      className="copy"
      onClick={() => void copy().catch(() => setCopied(false))}
      aria-label={isCopied ? 'Copied' : label}
    >
      <Icon name={isCopied ? 'check' : 'copy'} size={13} />
    </button>
  );
}
