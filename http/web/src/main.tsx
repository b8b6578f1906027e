// Purpose: starts the page.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { start_theme } from './design/theme.ts';
import { start_language } from './i18n/i18n.ts';
import { stored_key } from './session/key_store.ts';
import { resume_session } from './session/session.ts';
import './design/index.css';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

start_theme();
const shown = createRoot(root);
void start_language().then(() => {
  void resume_session();
  // the first view has charts: their code comes while the key is being checked
  if (stored_key() !== null) void import('./charts/time_plot.tsx');
  shown.render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
});
