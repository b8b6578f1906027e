#include "task.hpp"

#include "checks.hpp"
#include "keys.hpp"
#include "protocol/limits.hpp"
#include "protocol/uuid.hpp"
#include "registration.hpp"
#include "task_change.hpp"

namespace troupe::agents {

namespace {

using schema::TaskStatus;

outcome refused(errc code, const std::string& detail, std::string_view field = {}) {
  return {{}, refusal(code, detail, field), {}};
}

outcome no_such_task(capnp::Text::Reader agent, capnp::Text::Reader task) {
  return refused(errc::not_found, "agent '" + std::string(view_of(agent)) + "' has no task '" +
                                      std::string(view_of(task)) + "'");
}

std::string hex(std::uint64_t a, std::uint64_t b) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (auto half : {a, b})
    for (int shift = 60; shift >= 0; shift -= 4) out.push_back(digits[(half >> shift) & 0xf]);
  return out;
}

std::string new_task_id(schema::CreateTask::Reader said, const stamp& at) {
  if (said.getId().size() > 0) return std::string(view_of(said.getId()));
  return to_string(make_uuid_v7(at.time_us, at.entropy_high, at.entropy_low));
}

std::uint32_t attempts_of(schema::CreateTask::Reader said) {
  return said.getAttemptsMax() == 0 ? limits::task_attempts_default : said.getAttemptsMax();
}

bool says_the_same(schema::CreateTask::Reader said, schema::Task::Reader task) {
  auto timeout_us = task.getDeadlineUs() == 0 ? 0 : task.getDeadlineUs() - task.getCreatedUs();
  return view_of(said.getName()) == view_of(task.getName()) &&
         view_of(said.getInput()) == view_of(task.getInput()) && said.getPriority() == task.getPriority() &&
         attempts_of(said) == task.getAttemptsMax() && said.getTimeoutMs() * 1000 == timeout_us;
}

checks check_new(schema::CreateTask::Reader said) {
  checks check;
  check.id("agent_id", said.getAgentId())
      .text("id", said.getId(), limits::id_bytes_max)
      .id("name", said.getName())
      .text("input", said.getInput(), limits::task_json_bytes_max)
      .range_or_zero("attempts_max", said.getAttemptsMax(), 1, limits::task_attempts_max, "")
      .range_or_zero("timeout_ms", said.getTimeoutMs(), 1, limits::task_timeout_ms_max, " ms");
  return check;
}

// Why the holder of 'token' may not end the task, if so.
std::optional<outcome> not_the_claimer(task_change& change, capnp::Text::Reader token) {
  auto task = change.task().asReader();
  if (task.getStatus() != TaskStatus::CLAIMED)
    return refused(errc::conflict, change.ended()
                                       ? "the task has ended: nothing can be reported of it any more"
                                       : "the task is not claimed: its lease ran out, claim it again");
  if (token.size() == 0)
    return refused(errc::invalid_argument, "claim_token is empty: give the one that the claim answered with",
                   "claim_token");
  if (view_of(token) != view_of(task.getClaimToken()))
    return refused(errc::conflict,
                   "the task was claimed again since: this claim_token is not that of its claim",
                   "claim_token");
  return std::nullopt;
}

// Back to the queue, or to its end if it was tried often enough.
void give_back_or(task_change& change, TaskStatus end) {
  bool again = change.task().getAttempt() < change.task().getAttemptsMax();
  change.leave();
  change.enter(again ? TaskStatus::PENDING : end);
}

}  // namespace

void task_reads(schema::Command::Reader command, const stamp& at, read_set& keys) {
  auto org = view_of(command.getOrg());
  auto read = [&](auto said, std::string_view task) {
    agent_change::reads(org, view_of(said.getAgentId()), keys);
    keys.add(family::state, task_key(org, view_of(said.getAgentId()), task));
  };
  auto body = command.getBody();
  if (body.isCreateTask()) read(body.getCreateTask(), new_task_id(body.getCreateTask(), at));
  if (body.isClaimTask()) read(body.getClaimTask(), view_of(body.getClaimTask().getTaskId()));
  if (body.isCompleteTask()) read(body.getCompleteTask(), view_of(body.getCompleteTask().getTaskId()));
  if (body.isFailTask()) read(body.getFailTask(), view_of(body.getFailTask().getTaskId()));
  if (body.isExpireTask()) read(body.getExpireTask(), view_of(body.getExpireTask().getTaskId()));
}

outcome create_task(const view& before, schema::Command::Reader command, const stamp& at) {
  auto said = command.getBody().getCreateTask();
  if (auto wrong = check_new(said).complaint()) return {{}, *wrong, {}};
  auto id = new_task_id(said, at);
  task_change change(before, command.getOrg(), said.getAgentId(), {id.data(), id.size()}, at);
  auto agent = std::string(view_of(said.getAgentId()));
  if (!change.agent().known())
    return refused(errc::not_found, "there is no agent '" + agent + "': register it first", "agent_id");
  if (change.known()) {
    if (says_the_same(said, change.task().asReader())) return change.finish(change.reply_without_token());
    return refused(errc::conflict, "task '" + id + "' exists and is another one: choose another id, or none",
                   "id");
  }
  auto load = change.agent().activity();
  auto open = load.getPendingTasks() + load.getClaimedTasks();
  if (open >= static_cast<std::int64_t>(limits::tasks_open_per_agent_max))
    return refused(errc::overloaded, "agent '" + agent + "' has " + std::to_string(open) +
                                         " open tasks, the most it may have: try again when some have ended");
  auto task = change.create();
  task.setName(said.getName());
  task.setInput(said.getInput());
  task.setPriority(said.getPriority());
  task.setAttemptsMax(attempts_of(said));
  if (said.getTimeoutMs() > 0) {
    task.setDeadlineUs(at.time_us + said.getTimeoutMs() * 1000);
    change.set_deadline_timer();
  }
  change.enter(TaskStatus::PENDING);
  change.write();
  return change.finish(change.reply_without_token());
}

outcome claim_task(const view& before, schema::Command::Reader command, const stamp& at) {
  auto said = command.getBody().getClaimTask();
  checks check;
  check.id("agent_id", said.getAgentId())
      .id("task_id", said.getTaskId())
      .range_or_zero("lease_ms", said.getLeaseMs(), limits::lease_ms_min, limits::lease_ms_max, " ms")
      .text("worker", said.getWorker(), limits::id_bytes_max);
  if (auto wrong = check.complaint()) return {{}, *wrong, {}};
  task_change change(before, command.getOrg(), said.getAgentId(), said.getTaskId(), at);
  if (!change.known()) return no_such_task(said.getAgentId(), said.getTaskId());
  auto task = change.task();
  if (change.ended()) return refused(errc::conflict, "the task has ended: it cannot be claimed");
  if (task.getDeadlineUs() != 0 && task.getDeadlineUs() <= at.time_us)
    return refused(errc::conflict, "the task's deadline is over: it cannot be claimed");
  if (task.getStatus() == TaskStatus::CLAIMED && task.getLeaseUntilUs() > at.time_us)
    return refused(errc::conflict, "the task is claimed: it is free when that lease ends");
  if (task.getAttempt() >= task.getAttemptsMax())
    return refused(errc::conflict, "the task was tried as often as it may be: it expires now");
  change.leave();
  auto token = hex(at.entropy_high, at.entropy_low);
  task.setClaimToken({token.data(), token.size()});
  task.setWorker(said.getWorker());
  task.setAttempt(task.getAttempt() + 1);
  task.setLeaseUntilUs(at.time_us + lease_us(said.getLeaseMs()));
  change.enter(TaskStatus::CLAIMED);
  change.agent().touch();
  change.write();
  return change.finish(change.reply_with_token());
}

outcome complete_task(const view& before, schema::Command::Reader command, const stamp& at) {
  auto said = command.getBody().getCompleteTask();
  checks check;
  check.id("agent_id", said.getAgentId())
      .id("task_id", said.getTaskId())
      .text("result", said.getResult(), limits::task_json_bytes_max);
  if (auto wrong = check.complaint()) return {{}, *wrong, {}};
  task_change change(before, command.getOrg(), said.getAgentId(), said.getTaskId(), at);
  if (!change.known()) return no_such_task(said.getAgentId(), said.getTaskId());
  auto task = change.task();
  bool repeated = task.getStatus() == TaskStatus::COMPLETED && said.getClaimToken().size() > 0 &&
                  view_of(said.getClaimToken()) == view_of(task.asReader().getClaimToken()) &&
                  view_of(said.getResult()) == view_of(task.asReader().getResult());
  if (repeated) return change.finish(change.reply_without_token());
  if (auto refusal = not_the_claimer(change, said.getClaimToken())) return std::move(*refusal);
  change.leave();
  task.setResult(said.getResult());
  task.disownError();
  change.enter(TaskStatus::COMPLETED);
  change.agent().touch();
  change.write();
  return change.finish(change.reply_without_token());
}

outcome fail_task(const view& before, schema::Command::Reader command, const stamp& at) {
  auto said = command.getBody().getFailTask();
  checks check;
  check.id("agent_id", said.getAgentId())
      .id("task_id", said.getTaskId())
      .text("error", said.getError(), limits::text_bytes_max);
  if (auto wrong = check.complaint()) return {{}, *wrong, {}};
  task_change change(before, command.getOrg(), said.getAgentId(), said.getTaskId(), at);
  if (!change.known()) return no_such_task(said.getAgentId(), said.getTaskId());
  auto task = change.task();
  bool repeated = task.getStatus() == TaskStatus::FAILED && said.getClaimToken().size() > 0 &&
                  view_of(said.getClaimToken()) == view_of(task.asReader().getClaimToken()) &&
                  view_of(said.getError()) == view_of(task.asReader().getError());
  if (repeated) return change.finish(change.reply_without_token());
  if (auto refusal = not_the_claimer(change, said.getClaimToken())) return std::move(*refusal);
  task.setError(said.getError());
  if (said.getRetry()) {
    give_back_or(change, TaskStatus::FAILED);
  } else {
    change.leave();
    change.enter(TaskStatus::FAILED);
  }
  change.agent().touch();
  change.write();
  return change.finish(change.reply_without_token());
}

outcome expire_task(const view& before, schema::Command::Reader command, const stamp& at) {
  auto said = command.getBody().getExpireTask();
  task_change change(before, command.getOrg(), said.getAgentId(), said.getTaskId(), at);
  if (!change.known() || change.ended()) return {{}, done_reply(), {}};
  auto task = change.task();
  if (said.getAttempt() == 0) {
    if (task.getDeadlineUs() == 0) return {{}, done_reply(), {}};
    if (task.getDeadlineUs() > at.time_us) {
      change.set_deadline_timer();
      return change.finish(done_reply());
    }
    change.leave();
    change.enter(TaskStatus::EXPIRED);
  } else {
    bool same_claim = task.getStatus() == TaskStatus::CLAIMED && task.getAttempt() == said.getAttempt();
    if (!same_claim) return {{}, done_reply(), {}};
    if (task.getLeaseUntilUs() > at.time_us) {
      change.set_lease_timer();
      return change.finish(done_reply());
    }
    give_back_or(change, TaskStatus::EXPIRED);
  }
  change.write();
  return change.finish(done_reply());
}

}  // namespace troupe::agents
