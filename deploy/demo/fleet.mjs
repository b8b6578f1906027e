// Who plays: an invented company's agents by team, with their models, tools, questions and knowledge. Model names are those
// of the price table, so that their cost is real.

export const models = {
  opus: { model: 'claude-opus-4-5', provider: 'anthropic', cached: 0.6, per_second: 55 },
  sonnet: { model: 'claude-sonnet-4-5', provider: 'anthropic', cached: 0.55, per_second: 70 },
  haiku: { model: 'claude-haiku-4-5', provider: 'anthropic', cached: 0.4, per_second: 140 },
  gpt: { model: 'gpt-5.1', provider: 'openai', cached: 0.3, per_second: 80, reasoning: 0.45 },
  mini: { model: 'gpt-5-mini', provider: 'openai', cached: 0.25, per_second: 130, reasoning: 0.2 },
  flash: { model: 'gemini-2.5-flash', provider: 'gcp.gemini', cached: 0.2, per_second: 170 },
  mistral: { model: 'mistral-medium-2508', provider: 'mistral_ai', cached: 0, per_second: 60 },
};

const agent = (id, team, role, main, tools, { peers = [], busy = 1, fallible = 1 } = {}) => ({
  id, team, role, models: main, tools, peers, busy, fallible,
});

export const agents = [
  agent('triage', 'support', 'Sorts what comes in', ['haiku', 'mini'], ['tickets.read', 'tickets.label'], { peers: ['billing-expert', 'product-expert', 'escalation'], busy: 3 }),
  agent('billing-expert', 'support', 'Invoices, refunds, plans', ['sonnet'], ['invoices.lookup', 'refund.create', 'crm.lookup'], { peers: ['ledger', 'escalation'], busy: 2 }),
  agent('product-expert', 'support', 'How the product works', ['sonnet', 'haiku'], ['docs.search', 'crm.lookup'], { peers: ['bug-hunter'], busy: 2 }),
  agent('escalation', 'support', 'What nobody else could solve', ['opus'], ['tickets.read', 'crm.lookup', 'slack.post'], { peers: ['product-expert', 'planner'], busy: 0.6, fallible: 1.4 }),
  agent('voice-of-customer', 'support', 'What customers say, weekly', ['flash'], ['tickets.search', 'sheets.write'], { busy: 0.4 }),

  agent('planner', 'engineering', 'Cuts work into tasks', ['opus', 'gpt'], ['issues.read', 'issues.write'], { peers: ['coder', 'reviewer', 'bug-hunter'], busy: 1.2 }),
  agent('coder', 'engineering', 'Writes changes', ['sonnet', 'gpt'], ['repo.read', 'repo.edit', 'shell.run', 'tests.run'], { peers: ['reviewer', 'test-writer'], busy: 2.5, fallible: 1.5 }),
  agent('reviewer', 'engineering', 'Reads changes', ['gpt'], ['repo.read', 'repo.comment'], { peers: ['coder'], busy: 1.5 }),
  agent('test-writer', 'engineering', 'Tests for what has none', ['sonnet'], ['repo.read', 'repo.edit', 'tests.run'], { peers: ['coder'], busy: 1 }),
  agent('bug-hunter', 'engineering', 'From a report to a cause', ['gpt', 'sonnet'], ['logs.search', 'repo.read', 'traces.search'], { peers: ['coder', 'sre'], busy: 1 }),
  agent('sre', 'engineering', 'Keeps it running', ['sonnet'], ['metrics.query', 'logs.search', 'deploy.rollback'], { peers: ['bug-hunter', 'planner'], busy: 0.8 }),

  agent('researcher', 'research', 'Reads widely', ['gpt', 'mistral'], ['web.search', 'web.fetch', 'papers.search'], { peers: ['fact-checker', 'writer', 'data-analyst'], busy: 1.8 }),
  agent('fact-checker', 'research', 'Doubts', ['mini'], ['web.search', 'papers.search'], { peers: ['researcher'], busy: 1.2 }),
  agent('data-analyst', 'research', 'Numbers to answers', ['sonnet', 'mini'], ['sql.query', 'python.run', 'sheets.write'], { peers: ['researcher', 'ledger'], busy: 1.4 }),
  agent('writer', 'research', 'Answers to words', ['sonnet'], ['docs.write'], { peers: ['fact-checker'], busy: 0.8 }),
  agent('librarian', 'research', 'Keeps the knowledge base', ['flash'], ['docs.search', 'docs.write'], { busy: 0.7 }),

  agent('ledger', 'finance', 'Books and reconciles', ['mini'], ['invoices.lookup', 'bank.list', 'sheets.write'], { peers: ['auditor'], busy: 0.9 }),
  agent('auditor', 'finance', 'Looks twice', ['opus'], ['sql.query', 'invoices.lookup'], { peers: ['ledger'], busy: 0.4 }),
  agent('forecaster', 'finance', 'What next quarter brings', ['gpt'], ['sql.query', 'python.run'], { peers: ['data-analyst'], busy: 0.4 }),

  agent('lead-scout', 'growth', 'Finds who may need us', ['flash', 'mistral'], ['web.search', 'crm.lookup', 'crm.write'], { peers: ['outreach'], busy: 1.3, fallible: 1.2 }),
  agent('outreach', 'growth', 'First letters', ['haiku'], ['crm.lookup', 'mail.draft'], { peers: ['lead-scout', 'writer'], busy: 1.1 }),
  agent('campaigner', 'growth', 'Campaigns and their results', ['mini'], ['ads.report', 'sheets.write'], { peers: ['data-analyst'], busy: 0.6 }),
];

/** Share of calls that fail, where it is not the usual two in a hundred. */
export const tool_failures = { 'shell.run': 0.09, 'tests.run': 0.14, 'web.fetch': 0.08, 'crm.lookup': 0.03, 'deploy.rollback': 0.05 };
/** Once a day, for an hour, this tool is nearly down. */
export const outage_tool = 'crm.lookup';

const topics = {
  support: ['refund-policy', 'plan-limits', 'sso-setup', 'invoice-fields', 'data-export', 'webhook-retries', 'password-reset', 'trial-extension', 'rate-limits', 'vat-numbers', 'mobile-app', 'status-page'],
  engineering: ['release-process', 'service-map', 'error-budget', 'feature-flags', 'schema-changes', 'on-call', 'build-cache', 'api-versioning', 'test-data', 'log-format', 'incident-reviews'],
  research: ['market-size', 'competitors', 'pricing-study', 'retention-cohorts', 'survey-2026', 'glossary', 'sources-we-trust', 'method-notes'],
  finance: ['chart-of-accounts', 'expense-rules', 'fx-policy', 'revenue-recognition', 'vendor-list', 'closing-calendar'],
  growth: ['ideal-customer', 'brand-voice', 'case-studies', 'campaign-results', 'objections', 'segments'],
};
export const knowledge = Object.fromEntries(Object.entries(topics).map(([team, names]) => [team, names.map((name) => `${team}/${name}`)]));

/** What is asked again and again and nobody has written down: the gaps. */
export const missing = {
  support: ['data deletion for resellers in the EU', 'invoices in two currencies', 'SSO with two identity providers', 'why was my export cut off'],
  engineering: ['how to roll back a schema change', 'who owns the import service', 'retry budget of the gateway'],
  research: ['churn of customers who joined by partners', 'prices of the new competitor'],
  finance: ['tax on credits bought abroad', 'accruals for usage pricing'],
  growth: ['case study in health care', 'response rate by language'],
};

export const questions = {
  support: ['refund for a double charge', 'upgrade in the middle of a month', 'cannot sign in with SSO', 'export takes too long', 'webhook was not delivered', 'how to raise the rate limit'],
  engineering: ['flaky test in the import', 'latency after the last release', 'add a filter to the list', 'memory grows over night', 'cut the build time'],
  research: ['who buys from partners', 'what drives retention', 'compare the three plans', 'summarise the survey'],
  finance: ['reconcile the bank account', 'explain the jump in hosting cost', 'close the month'],
  growth: ['companies that hire support agents', 'letter to a trial user', 'results of the spring campaign'],
};

export const hypotheses = [
  'retries of the gateway cause the double charges', 'the slow export is one missing index', 'customers on annual plans ask less often',
  'the flaky test depends on the time zone', 'shorter prompts keep the quality', 'a second reviewer halves the rollbacks',
  'the memory grows with open event streams', 'letters in the customer\'s language double the answers', 'cached answers are stale after two days',
  'most escalations lack one article', 'the cheap model is enough for triage', 'churn follows the second failed invoice',
];

export const users = Array.from({ length: 40 }, (_, at) => `customer-${String(at + 1).padStart(2, '0')}`);
