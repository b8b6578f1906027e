// Purpose: copies a text and says that it did.
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

export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
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
        onClick={() => void copy(text).then((done) => set_said(done ? 'Copied' : 'Select the text to copy it'))}
      >
        Copy<span className="hidden"> {what}</span>
      </button>
      <span role="status" className="copy_said">
        {said}
      </span>
    </span>
  );
}
