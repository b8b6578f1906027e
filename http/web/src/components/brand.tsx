// Purpose: the mark: three players under one arc of light.

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path className="mark_arc" d="M4 15a12 12 0 0 1 24 0" />
      <circle cx="8" cy="23" r="3.4" />
      <circle cx="16" cy="20" r="3.4" />
      <circle cx="24" cy="23" r="3.4" />
    </svg>
  );
}
