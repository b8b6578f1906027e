// Purpose: an event's type, or what stands for it, with the colour of its kind where reading begins.

export function EventType({ type, name = type }: { readonly type: string; readonly name?: string }) {
  return (
    <span className={`event_type kind_${type.split('.')[0] ?? ''}`}>
      <span className="event_type_name" dir="auto">
        {name}
      </span>
    </span>
  );
}
