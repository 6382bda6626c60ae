import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/sign-in.css';
import './styles/jobs.css';
import './styles/filters.css';
import './styles/job.css';
import './styles/result.css';
import './styles/overview.css';
import './styles/agents.css';
import './styles/graph.css';
import './styles/timeline.css';
import './styles/log.css';
import './styles/travel.css';
import './styles/tenant.css';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { PageBoundary } from './ui/Boundary.tsx';

createRoot(document.getElementById('root') as HTMLElement).render(
  <PageBoundary>
    <App />
  </PageBoundary>
);
