// A reader of all insight topics, as the insight pages are: what it was pushed, by view.
import { in_time } from './until.mjs';

export const insight_views = ['memory', 'tokens', 'knowledge', 'collaboration', 'teams', 'patterns'];

export class InsightReader {
  pushes = Object.fromEntries(insight_views.map((view) => [view, []]));
  channels = [];

  constructor(socket) {
    for (const view of insight_views) {
      const channel = socket.channel(`insight:${view}`);
      channel.on('changed', (push) => this.pushes[view].push(push));
      channel.join();
      this.channels.push(channel);
    }
  }

  get joined() {
    return this.channels.every((channel) => channel.state === 'joined');
  }

  /** Whose events a view was told of. */
  agents_of(view) {
    return new Set(this.pushes[view].flatMap((push) => push.agents));
  }

  /** The next push of a view that names the agent. */
  next(view, agent_id) {
    const channel = this.channels[insight_views.indexOf(view)];
    const pushed = new Promise((resolve) => channel.on('changed', (push) => push.agents.includes(agent_id) && resolve(push)));
    return in_time(`${view} to be told of ${agent_id}`, pushed);
  }
}
