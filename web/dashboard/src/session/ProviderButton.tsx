import { useEffect } from 'react';
import type { RedirectSignIn } from '../config.ts';
import { Icon } from '../ui/Icon.tsx';

interface Props {
  signIn: RedirectSignIn;
  isBusy: boolean;
  onLeave: () => void;
  /** Whether the reader returned by the browser's history, without an answer. */
  onReturn: () => void;
}

/** The button to the provider's pages. It names the site, so that readers know where to enter their password. */
export function ProviderButton({ signIn, isBusy, onLeave, onReturn }: Props) {
  useEffect(() => {
    addEventListener('pageshow', onReturn);
    return () => removeEventListener('pageshow', onReturn);
  }, [onReturn]);
  const host = signIn.kind === 'managedLogin' ? signIn.domain : new URL(signIn.issuer).host;
  return (
    <div className="panel sign-in-form">
      <p>
        You sign in at <strong>{host}</strong> and come back here.
      </p>
      <button type="button" className="button primary" id="sign-in-there" disabled={isBusy} onClick={onLeave}>
        Sign in
        <Icon name="right" size={14} />
      </button>
    </div>
  );
}
