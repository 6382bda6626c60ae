import { Icon } from '../ui/Icon.tsx';

/** What could not be read. */
export function Problem({ text }: { text: string }) {
  return (
    <p className="notice" role="alert" data-state="failed">
      <Icon name="alert" />
      <span>{text}</span>
    </p>
  );
}
