import type { Session } from '../session/session.ts';
import type { Connection } from '../types.ts';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { KeyboardHelp } from './KeyboardHelp.tsx';
import { THEMES, type Theme } from './theme.ts';

const CONNECTIONS: Record<Connection, { label: string; icon: IconName; title?: string }> = {
  connecting: { label: 'Connecting', icon: 'spinner' },
  live: { label: 'Live', icon: 'dot' },
  delayed: {
    label: 'Delayed',
    icon: 'hourglass',
    title: 'No pushes arrive. The page reads new statuses from the log every few seconds.',
  },
  reconnecting: { label: 'Reconnecting', icon: 'spinner' },
  closed: { label: 'Signed out', icon: 'unplugged' },
};
const THEME_ICONS: Record<Theme, IconName> = { system: 'monitor', light: 'sun', dark: 'moon' };

interface Props {
  session: Session | null;
  connection: Connection;
  theme: Theme;
  onTheme: (theme: Theme) => void;
  onLeave: () => void;
  /** Null for readers without a login of their own. */
  onSignOut?: (() => void) | null;
}

/** The bar at the top: brand, connection, user. */
export function Header({ session, connection, theme, onTheme, onLeave, onSignOut = null }: Props) {
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] as Theme;
  return (
    <header className="bar">
      <a className="brand" href="#home" aria-label="Statusbeam, home">
        <img src="icon.svg" alt="" width="24" height="24" />
        <span>Statusbeam</span>
      </a>
      <div className="bar-end">
        {session && <ConnectionPill connection={connection} />}
        {session && <KeyboardHelp />}
        <button
          type="button"
          className="button bare square"
          onClick={() => onTheme(next)}
          aria-label={`Colours: ${theme}. Change to ${next}`}
          title={`Colours: ${theme}`}
        >
          <Icon name={THEME_ICONS[theme]} />
        </button>
        {session && <Account session={session} onLeave={onLeave} onSignOut={onSignOut} />}
      </div>
    </header>
  );
}

interface AccountProps {
  session: Session;
  onLeave: () => void;
  onSignOut: (() => void) | null;
}

/** The user, and the menu for signing out. */
function Account({ session, onLeave, onSignOut }: AccountProps) {
  return (
    <div className="account">
      <button type="button" className="button bare" popoverTarget="account" id="who">
        <bdi id="who-name" className="truncate">
          {session.name}
        </bdi>
        {session.tenantId && (
          <span className="who-tenant" id="who-tenant">
            {session.tenantId}
          </span>
        )}
        <Icon name="down" size={12} />
      </button>
      <div popover="auto" id="account" className="account-menu">
        <button type="button" className="button bare" id="sign-out" onClick={onLeave}>
          <Icon name="out" size={15} />
          {session.kind === 'user' ? 'Sign out' : 'Leave'}
        </button>
        {onSignOut && (
          <button
            type="button"
            className="button bare"
            id="sign-out-everywhere"
            popoverTarget="account"
            popoverTargetAction="hide"
            onClick={onSignOut}
            title="Ends your sign-ins and live views on every device"
          >
            <Icon name="devices" size={15} />
            Sign out everywhere
          </button>
        )}
      </div>
    </div>
  );
}

function ConnectionPill({ connection }: { connection: Connection }) {
  const { label, icon, title } = CONNECTIONS[connection];
  return (
    <p className="connection" id="connection" role="status" data-connection={connection} title={title}>
      <Icon name={icon} size={14} className={icon === 'spinner' ? 'spin' : ''} />
      <span id="connection-text">{label}</span>
    </p>
  );
}
