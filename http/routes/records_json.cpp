#include "http/routes/records_json.hpp"

#include "http/auth/key_ring.hpp"
#include "http/routes/json_writer.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

constexpr std::int64_t offline_after_us = 3600LL * 1'000'000;

std::string_view status_name(schema::TaskStatus s) {
  switch (s) {
    case schema::TaskStatus::PENDING: return "pending";
    case schema::TaskStatus::CLAIMED: return "claimed";
    case schema::TaskStatus::COMPLETED: return "completed";
    case schema::TaskStatus::FAILED: return "failed";
    case schema::TaskStatus::EXPIRED: return "expired";
  }
  return "pending";
}

}  // namespace

void write_token_counts(const token_counts& t, object_writer& to) {
  object_writer w(to.name("tokens"));
  w.number("input", t.input)
      .number("output", t.output)
      .number("cache_read", t.cache_read)
      .number("cache_write", t.cache_write)
      .number("reasoning", t.reasoning);
  w.end();
}

std::string_view agent_status(schema::AgentActivity::Reader activity, std::int64_t now_us) {
  auto lease = activity.getLeaseUntilUs(), seen = activity.getLastActivityUs();
  auto said = view_of(activity.getReportedStatus());
  bool is_fresh = now_us - seen < limits::agent_active_ms * 1000;
  bool lives = is_fresh || lease > now_us;
  // What was said under a lease holds until a sign of life after it.
  bool holds = seen <= lease;
  if (holds && said == "offline") return "offline";
  if (holds && said == "idle") return lives ? "idle" : "offline";
  if (is_fresh) return "active";
  if (lives) return "idle";
  return lease != 0 || now_us - seen > offline_after_us ? "offline" : "idle";
}

void write_agent_json(schema::AgentState::Reader state, std::int64_t now_us, std::string& out) {
  auto agent = state.getAgent();
  auto activity = state.getActivity();
  object_writer w(out);
  w.text("id", view_of(agent.getId()));
  w.text("name", agent.getName().size() ? view_of(agent.getName()) : view_of(agent.getId()));
  w.text_or_null("team", view_of(agent.getTeam()));
  w.texts("tags", agent.getTags());
  w.texts("capabilities", agent.getCapabilities());
  w.raw("metadata", agent.getMetadata().size() ? view_of(agent.getMetadata()) : "{}");
  w.text("status", agent_status(activity, now_us));
  w.time("registered_at", agent.getRegisteredUs());
  w.time("last_activity", activity.getLastActivityUs());
  w.time("lease_until", activity.getLeaseUntilUs());
  w.number("current_load", activity.getClaimedTasks());
  w.number("pending_tasks", activity.getPendingTasks());
  w.number("tasks_completed", activity.getCompletedTasks());
  w.number("tasks_failed", activity.getFailedTasks());
  w.number("version", static_cast<std::int64_t>(agent.getVersion()));
  token_counts tokens;
  if (activity.hasTokens()) tokens.add(activity.getTokens());
  object_writer totals(w.name("totals"));
  totals.number("events", activity.getEvents()).number("errors", activity.getErrors());
  write_token_counts(tokens, totals);
  totals.decimal("cost_usd", activity.getCostNanoUsd(), 9);
  totals.end();
  w.end();
}

void write_task_json(schema::Task::Reader task, claim_token token, std::string& out) {
  object_writer w(out);
  w.text("id", view_of(task.getId()));
  w.text("agent_id", view_of(task.getAgentId()));
  w.text("name", view_of(task.getName()));
  w.text("status", status_name(task.getStatus()));
  w.number("priority", task.getPriority());
  w.raw("input", view_of(task.getInput()));
  w.raw("result", view_of(task.getResult()));
  w.text_or_null("error", view_of(task.getError()));
  w.number("attempt", task.getAttempt());
  w.number("attempts_max", task.getAttemptsMax());
  if (token == claim_token::shown) w.text_or_null("claim_token", view_of(task.getClaimToken()));
  w.text_or_null("worker", view_of(task.getWorker()));
  w.time("lease_until", task.getLeaseUntilUs());
  w.time("deadline", task.getDeadlineUs());
  w.time("created_at", task.getCreatedUs());
  w.time("updated_at", task.getUpdatedUs());
  w.end();
}

void write_key_json(schema::ApiKey::Reader key, std::string& out) {
  object_writer w(out);
  w.text("id", view_of(key.getId()));
  w.text("name", view_of(key.getName()));
  w.text("role", to_string(role_of(key.getRole())));
  w.time("created_at", key.getCreatedUs());
  w.time("revoked_at", key.getRevokedUs());
  w.text_or_null("created_by", view_of(key.getCreatedBy()));
  w.number("max_connections", key.getMaxConnections());
  w.end();
}

void write_rollup_json(std::int64_t time_us, std::string_view key, const rollup& figures, std::string& out) {
  object_writer w(out);
  w.time("time", time_us);
  w.text("key", key);
  w.number("count", figures.count);
  w.number("errors", figures.errors);
  w.number("hits", figures.hits);
  object_writer d(w.name("duration_ms"));
  if (figures.timed > 0) {
    d.decimal("avg", figures.duration_sum_us / figures.timed, 3)
        .decimal("p50", figures.percentile_us(0.50), 3)
        .decimal("p95", figures.percentile_us(0.95), 3)
        .decimal("p99", figures.percentile_us(0.99), 3)
        .decimal("max", figures.duration_max_us, 3);
  } else {
    for (auto n : {"avg", "p50", "p95", "p99", "max"}) d.raw(n, "null");
  }
  d.end();
  write_token_counts(figures.tokens, w);
  w.decimal("cost_usd", figures.cost_nano_usd, 9);
  w.end();
}

}  // namespace troupe::http
