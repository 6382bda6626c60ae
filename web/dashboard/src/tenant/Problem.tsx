import { Icon } from '../ui/Icon.tsx';

/** A notice about a failed read. */
export function Problem({ text }: { text: string }) {
  return (
    <p className="notice" role="alert" data-state="failed">
      <Icon name="alert" />
      <span>{text}</span>
    </p>
  );
}
