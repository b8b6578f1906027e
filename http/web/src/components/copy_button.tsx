// Purpose: copies a text and says that it did.
import { t } from '../i18n/i18n.ts';
import { useEffect, useState } from 'react';

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copy_without_permission(text);
  }
}

/** For pages served over plain HTTP to another machine, where browsers withhold the clipboard. */
function copy_without_permission(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'hidden';
  area.setAttribute('aria-hidden', 'true');
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [said, set_said] = useState('');
  useEffect(() => {
    if (said === '') return undefined;
    const timer = setTimeout(() => set_said(''), 2_500);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <span className="copy">
      <button
        type="button"
        className="button button_small"
        onClick={() => void copy(text).then((done) => set_said(t(done ? 'copy.done' : 'copy.by_hand')))}
      >
        {label}
      </button>
      <span role="status" className="copy_said">
        {said}
      </span>
    </span>
  );
}
