// Purpose: an agent's latest tasks. They are read again whenever the agent's own task figures change.
import { useEffect } from 'react';
import type { Agent, Page, Task } from '../api/types.ts';
import { clock_time } from '../format/times.ts';
import { t } from '../i18n/i18n.ts';
import { use_read } from '../queries/use_read.ts';
import { Answer } from './states.tsx';

export function TaskTable({ agent }: { readonly agent: Agent }) {
  const { id, pending_tasks, current_load, tasks_completed, tasks_failed } = agent;
  const tasks = use_read<Page<Task>>(`/agents/${encodeURIComponent(id)}/tasks`, { params: { limit: 50 } });
  const { refetch } = tasks;
  useEffect(() => {
    void refetch();
  }, [refetch, pending_tasks, current_load, tasks_completed, tasks_failed]);
  return (
    <Answer read={tasks} empty={({ items }) => items.length === 0} empty_text={t('tasks.none')}>
      {({ items }) => <Rows tasks={items} />}
    </Answer>
  );
}

function Rows({ tasks }: { readonly tasks: readonly Task[] }) {
  return (
    <table className="small_table">
      <caption className="hidden">{t('tasks.title')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('tasks.task')}</th>
          <th scope="col">{t('field.status')}</th>
          <th scope="col" className="wide_only">
            {t('tasks.worker')}
          </th>
          <th scope="col" className="number wide_only">
            {t('tasks.attempt')}
          </th>
          <th scope="col" className="number">
            {t('tasks.updated')}
          </th>
        </tr>
      </thead>
      <tbody>
        {tasks.map((task) => (
          <tr key={task.id}>
            <th scope="row">
              <bdi>{task.name}</bdi>
            </th>
            <td className={`task_${task.status}`}>{t(`status.${task.status}`)}</td>
            <td className="wide_only">
              <bdi>{task.worker ?? ''}</bdi>
            </td>
            <td className="number wide_only">{task.attempt ?? 0}</td>
            <td className="number">{task.updated_at ? clock_time(task.updated_at) : ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
