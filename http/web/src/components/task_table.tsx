// Purpose: an agent's latest tasks. They are read again whenever the agent's own task figures change.
import { useEffect, useState } from 'react';
import { message_of } from '../api/problem.ts';
import type { Agent, Task } from '../api/types.ts';
import { clock_time } from '../format/times.ts';
import { use_session } from '../session/room_context.ts';

export function TaskTable({ agent }: { readonly agent: Agent }) {
  const { room } = use_session();
  const [tasks, set_tasks] = useState<readonly Task[] | null>(null);
  const [error, set_error] = useState<string | null>(null);
  const { id, pending_tasks, current_load, tasks_completed, tasks_failed } = agent;

  useEffect(() => {
    const abort = new AbortController();
    room.api
      .tasks(id, abort.signal)
      .then((page) => {
        set_tasks(page.items);
        set_error(null);
      })
      .catch((reason: unknown) => {
        if (!abort.signal.aborted) set_error(message_of(reason));
      });
    return () => abort.abort();
  }, [room, id, pending_tasks, current_load, tasks_completed, tasks_failed]);

  if (error !== null) return <p className="note note_warn">Tasks could not be loaded: {error}</p>;
  if (tasks === null) return <p className="muted">Loading…</p>;
  if (tasks.length === 0) return <p className="empty">No tasks.</p>;
  return (
    <table className="small_table">
      <caption className="hidden">Tasks</caption>
      <thead>
        <tr>
          <th scope="col">Task</th>
          <th scope="col">Status</th>
          <th scope="col" className="wide_only">
            Worker
          </th>
          <th scope="col" className="number wide_only">
            Attempt
          </th>
          <th scope="col" className="number">
            Updated
          </th>
        </tr>
      </thead>
      <tbody>
        {tasks.map((task) => (
          <tr key={task.id}>
            <th scope="row">{task.name}</th>
            <td className={`task_${task.status}`}>{task.status}</td>
            <td className="wide_only">{task.worker ?? ''}</td>
            <td className="number wide_only">{task.attempt ?? 0}</td>
            <td className="number">{task.updated_at ? clock_time(task.updated_at) : ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
