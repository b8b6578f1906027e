// Purpose: takes the figures of the chosen range away as a file, as the node writes it.
import { useMutation } from '@tanstack/react-query';
import { message_of } from '../api/problem.ts';
import { download } from '../charts/download.ts';
import { span_at } from '../filters/time_range.ts';
import { t } from '../i18n/i18n.ts';
import { moments_of } from '../queries/use_read.ts';
import { use_narrowing } from '../routing/narrowed.ts';
import { use_range } from '../routing/range.ts';
import { use_session } from '../session/room_context.ts';

const formats = ['csv', 'json'] as const;

export function ExportButtons() {
  const { room } = use_session();
  const range = use_range();
  const narrowing = use_narrowing();
  const save = useMutation({
    mutationFn: async (format: (typeof formats)[number]) => {
      const query = { ...narrowing, format, ...moments_of(span_at(range, Date.now())) };
      const { name, content } = await room.api.file('/api/v2/export/analytics', query);
      download(name, content);
    },
  });
  return (
    <div className="export">
      <span className="muted">{t('export.text')}</span>
      {formats.map((format) => (
        <button
          key={format}
          type="button"
          className="button button_small"
          aria-disabled={save.isPending}
          onClick={() => save.mutate(format)}
        >
          {t(`export.${format}`)}
        </button>
      ))}
      <span role="alert">{save.isError && message_of(save.error)}</span>
    </div>
  );
}
