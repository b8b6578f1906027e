// Purpose: starts the page.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { start_theme } from './design/theme.ts';
import { resume_session } from './session/session.ts';
import './design/index.css';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

start_theme();
void resume_session();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
