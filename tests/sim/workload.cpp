// See workload.hpp.
#include "tests/sim/workload.hpp"

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"
#include "storage/applier.hpp"
#include "tests/sim/node.hpp"

namespace troupe::sim {

namespace {

constexpr std::uint64_t deadline_ms = 700;
// Asks the shard itself, as an edge of a node that is alone.
constexpr std::size_t direct_client = 0;
constexpr const char* org = "default";

std::string agent_name(std::uint64_t n) { return "agent-" + std::to_string(n % 3); }

std::string ask(const storage::kv_reader& state, const machine_set& machines,
                capnp::MallocMessageBuilder& query) {
  query.getRoot<schema::Query>().setOrg(org);
  return storage::applier::answer(state, the_shard, the_history, machines, to_bytes(query));
}

// As front answers queries.
std::optional<log_index> seen_in(const std::string& answer) {
  message_reader reader(answer);
  return log_index{reader.root<schema::QueryResult>().getStatus().getAppliedIndex()};
}

}  // namespace

workload::workload(world& w) : world_(w), clients_(4) { think_ms_max_ = world_.chance().between(20, 120); }

void workload::start() {
  for (std::size_t c = 0; c < clients_.size(); ++c) issue_after(c, 10);
  probe();
}

// Reads from whoever believes to lead, the one elected first if there are two: that is the one that may be wrong.
void workload::probe() {
  const node* oldest = nullptr;
  for (const auto& n : world_.nodes()) {
    if (!n->leads()) continue;
    auto age = [](const node& of) { return std::pair{of.member().current(), of.replica()->status().term}; };
    if (oldest == nullptr || age(*n) < age(*oldest)) oldest = n.get();
  }
  if (oldest != nullptr) {
    auto floor = world_.truth().read_floor();
    world_.at(oldest->id()).read([this, floor](std::optional<log_index> seen) {
      if (seen) world_.truth().read_answered(floor, *seen);
    });
  }
  if (world_.chaos()) world_.after(world_.chance().between(5, 60), [this] { probe(); });
}

void workload::wind_down() {
  for (auto& c : clients_) c.left = 3;
}

std::string workload::waiting() const {
  for (std::size_t c = 0; c < clients_.size(); ++c) {
    const auto& now = clients_[c].now;
    if (clients_[c].left > 0 || now.number != 0)
      return "client " + std::to_string(c) + " waits with operation " + std::to_string(now.number) +
             " of kind " + std::to_string(static_cast<int>(now.what)) + " for node " +
             std::to_string(clients_[c].target.value);
  }
  return {};
}

// --- one operation after the other

void workload::issue_after(std::size_t c, std::uint64_t ms) {
  world_.after(ms, [this, c] { issue(c); });
}

void workload::issue(std::size_t c) {
  auto& me = clients_[c];
  if (me.left == 0) return;
  --me.left;
  me.now = make(c);
  send(c);
}

workload::operation workload::make(std::size_t c) {
  auto& dice = world_.chance();
  operation op;
  op.number = ++operations_;
  op.floor = world_.truth().read_floor();
  auto roll = dice.between(1, 100);
  op.what = roll <= 40   ? kind::events
            : roll <= 55 ? (c != direct_client && dice.chance(0.4) ? kind::keyless_task : kind::task)
            : roll <= 62 ? kind::claim
            : roll <= 67 ? kind::heartbeat
            : roll <= 70 ? kind::dashboard
            : roll <= 73 ? kind::noop
            : roll <= 76 ? kind::peek
                         : kind::read;
  if (op.what == kind::claim && claimable_.empty()) op.what = kind::heartbeat;
  if (op.what == kind::peek && c == direct_client) op.what = kind::read;
  if (op.what != kind::read && op.what != kind::peek) op.command = encode(op);
  return op;
}

std::string workload::encode(operation& op) {
  auto& dice = world_.chance();
  capnp::MallocMessageBuilder message;
  auto command = message.initRoot<schema::Command>();
  command.setOrg(org);
  command.setPrincipal("client");
  auto agent = agent_name(dice.next());
  auto key = "key-" + std::to_string(op.number);
  if (op.what == kind::events) {
    auto list = command.getBody().initAppendEvents().initEvents(static_cast<unsigned>(dice.between(1, 3)));
    for (auto event : list) {
      uuid id{dice.next() | 1, dice.next()};
      op.event_ids.push_back(id);
      events_[id] = false;
      event.initId().setHigh(id.high);
      event.getId().setLow(id.low);
      event.setType(schema::EventType::LLM_CALL);
      event.setTimeUs(1'700'000'000'000'000 + static_cast<std::int64_t>(world_.now()) * 1000);
      event.setAgentId(agent_name(dice.next()));
      event.setModel("model");
      event.initTokens().setInput(static_cast<std::int64_t>(dice.between(1, 1000)));
      event.setDurationUs(static_cast<std::int64_t>(dice.between(1, 100'000)));
    }
  } else if (op.what == kind::task || op.what == kind::keyless_task) {
    if (op.what == kind::task) {
      command.setIdempotencyKey(key);
      command.setFingerprint(op.number);
    }
    op.task_name = "task-" + std::to_string(op.number);
    tasks_[op.task_name] = false;
    auto task = command.getBody().initCreateTask();
    task.setAgentId(agent);
    task.setName(op.task_name);
  } else if (op.what == kind::claim) {
    command.setIdempotencyKey(key);
    command.setFingerprint(op.number);
    const auto& [owner, id] = claimable_[dice.next() % claimable_.size()];
    auto claim = command.getBody().initClaimTask();
    claim.setAgentId(owner);
    claim.setTaskId(id);
    claim.setLeaseMs(60'000);
    claim.setWorker(key);
  } else if (op.what == kind::dashboard) {
    command.setIdempotencyKey(key);
    command.setFingerprint(op.number);
    op.dashboard = "board-" + std::to_string(op.number);
    dashboards_[op.dashboard] = false;
    auto dashboard = command.getBody().initCreateDashboard().initDashboard();
    dashboard.setId(op.dashboard);
    dashboard.setTitle(key);
    dashboard.initCharts(1)[0].setId("chart");
  } else if (op.what == kind::heartbeat) {
    command.getBody().initHeartbeat().setAgentId(agent);
    command.getBody().getHeartbeat().setLeaseMs(10'000);
  } else {
    command.getBody().setNoop();
    command.setTakeDigest(true);
  }
  return to_bytes(message);
}

void workload::send(std::size_t c) {
  auto& me = clients_[c];
  auto& dice = world_.chance();
  auto number = me.now.number;
  auto attempt = ++me.now.attempt;
  ++me.now.sent;
  auto out_ms = dice.between(0, world_.current().delay_ms_max);
  auto back_ms = dice.between(0, world_.current().delay_ms_max);
  bool lost = dice.chance(world_.current().loss), answer_lost = dice.chance(world_.current().loss);
  if (!lost) {
    way_back back = [this, back_ms, answer_lost](std::function<void()> answer) {
      if (!answer_lost) world_.after(back_ms, std::move(answer));
    };
    world_.after(out_ms, [this, back, r = request{c, number, me.now.what, me.now.command, me.target}] {
      auto& to = world_.at(r.target);
      if (to.up()) r.client == direct_client ? ask_shard(to, r, back) : ask_front(to, r, back);
    });
  }
  // A front tries again by itself meanwhile: it is given more time now and then.
  auto patience_ms = c == direct_client || dice.chance(0.5) ? deadline_ms : dice.between(1'000, 17'000);
  world_.after(patience_ms, [this, c, number, attempt] {
    auto& op = clients_[c].now;
    if (op.number != number || op.attempt != attempt) return;
    if (world_.chaos() && world_.chance().chance(0.1)) return give_up(c);
    retry_after(c, 0, true);
  });
}

void workload::ask_shard(node& to, const request& r, const way_back& back) {
  if (r.what == kind::read)
    return to.read([this, back, c = r.client, number = r.number](std::optional<log_index> seen) {
      back([this, c, number, seen] { on_read(c, number, seen); });
    });
  to.propose(r.command, [this, back, c = r.client, number = r.number,
                         target = r.target](const result<std::string>& reply) {
    back([this, c, number, target, reply] { on_reply(c, number, target, reply); });
  });
}

void workload::ask_front(node& to, const request& r, const way_back& back) {
  bool reads = r.what == kind::read || r.what == kind::peek;
  if (!reads)
    return to.front().ask(
        request_kind::command, r.command,
        [this, back, c = r.client, number = r.number, target = r.target](const result<std::string>& reply) {
          back([this, c, number, target, reply] { on_reply(c, number, target, reply); });
        });
  capnp::MallocMessageBuilder query;
  query.initRoot<schema::Query>().setStatus();
  auto how = r.what == kind::peek ? request_kind::peek : request_kind::read;
  to.front().ask(
      how, to_bytes(query), [this, back, c = r.client, number = r.number](const result<std::string>& answer) {
        back(
            [this, c, number, seen = answer ? seen_in(*answer) : std::nullopt] { on_read(c, number, seen); });
      });
}

void workload::retry_after(std::size_t c, std::uint64_t ms, bool elsewhere) {
  auto& me = clients_[c];
  if (me.now.what == kind::keyless_task) return give_up(c);  // nobody may send it again
  if (elsewhere) me.target = world_.any_node();
  auto number = me.now.number;
  auto attempt = ++me.now.attempt;
  world_.after(ms, [this, c, number, attempt] {
    const auto& op = clients_[c].now;
    if (op.number == number && op.attempt == attempt) send(c);
  });
}

void workload::give_up(std::size_t c) {
  clients_[c].now = {};
  issue_after(c, world_.chance().between(0, think_ms_max_));
}

void workload::on_read(std::size_t c, std::uint64_t number, std::optional<log_index> seen) {
  auto& me = clients_[c];
  if (me.now.number != number) return;
  if (!seen) return retry_after(c, world_.chance().between(5, 60), true);
  if (me.now.what == kind::read) world_.truth().read_answered(me.now.floor, *seen);
  if (*seen > world_.truth().applied_most()) throw violation("a peek saw what nobody has applied");
  me.now = {};
  issue_after(c, world_.chance().between(0, think_ms_max_));
}

void workload::on_reply(std::size_t c, std::uint64_t number, node_id by, result<std::string> reply) {
  auto& me = clients_[c];
  if (me.now.number != number) return;
  if (reply) return on_success(c, by, *reply);
  switch (reply.error().code) {
    case errc::not_leader: return retry_after(c, world_.chance().between(5, 60), true);
    case errc::unavailable:
    case errc::timed_out:
    case errc::in_flight:
    case errc::no_space:
    case errc::overloaded:
      return retry_after(c, world_.chance().between(20, 200), world_.chance().chance(0.5));
    default: throw violation("a correct command failed: " + reply.error().detail);
  }
}

void workload::on_success(std::size_t c, node_id by, const std::string& bytes) {
  auto& me = clients_[c];
  message_reader reader(bytes);
  auto reply = reader.root<schema::Reply>();
  log_index index{reply.getIndex()};
  world_.truth().acknowledged(index);
  if (me.now.sent == 1 && index <= me.now.floor)
    throw violation("a command was applied before it was sent, at entry " + std::to_string(index.value));
  me.target = by;
  ++world_.tally().acknowledged;
  if (reply.isEventsAppended()) {
    auto appended = reply.getEventsAppended();
    if (appended.getAccepted() + appended.getDuplicates() != me.now.event_ids.size())
      throw violation("an acknowledged batch of events does not account for all of them");
    if (c == direct_client && me.now.sent == 1 && appended.getDuplicates() != 0)
      throw violation("events sent once are called duplicates");
    for (const auto& id : me.now.event_ids) events_[id] = true;
  } else if (!me.now.task_name.empty() && reply.isTask()) {
    tasks_[me.now.task_name] = true;
    claimable_.emplace_back(view_of(reply.getTask().getAgentId()), view_of(reply.getTask().getId()));
  } else if (reply.isDashboard()) {  // else there are as many as there may be
    dashboards_[me.now.dashboard] = true;
  }
  if (world_.tracing(detail::everything))
    world_.trace(detail::everything, "operation %lu is acknowledged by node %lu at entry %lu", me.now.number,
                 by.value, index.value);
  me.now = {};
  issue_after(c, world_.chance().between(0, think_ms_max_));
}

// --- the end

void workload::audit(const storage::kv_reader& state) const {
  std::map<uuid, int> found;
  std::uint64_t after = 0;
  for (;;) {
    capnp::MallocMessageBuilder query;
    auto feed = query.initRoot<schema::Query>().initReadFeed();
    feed.setAfterSeq(after);
    feed.setLimit(500);
    auto bytes = ask(state, world_.machines(), query);
    message_reader reader(bytes);
    auto answer = reader.root<schema::QueryResult>();
    if (!answer.isEvents()) throw violation("the feed cannot be read");
    if (answer.getEvents().size() == 0) break;
    for (auto stored : answer.getEvents()) {
      if (stored.getSeq() != ++after) throw violation("the numbers of events have a gap");
      uuid id{stored.getEvent().getId().getHigh(), stored.getEvent().getId().getLow()};
      world_.truth().event_shown(after, id);
      ++found[id];
    }
  }
  for (const auto& [id, times] : found)
    if (times != 1 || !events_.contains(id))
      throw violation("an event is stored " + std::to_string(times) + " times");
  for (const auto& [id, acknowledged] : events_)
    if (acknowledged && !found.contains(id)) throw violation("an acknowledged event is lost");

  std::map<std::string, int> tasks;
  for (std::uint64_t agent = 0; agent < 3; ++agent) {
    std::string last;
    for (bool more = true; more;) {
      capnp::MallocMessageBuilder query;
      auto list = query.initRoot<schema::Query>().initListTasks();
      list.setAgentId(agent_name(agent));
      list.setAfterId(last);
      list.setLimit(500);
      auto bytes = ask(state, world_.machines(), query);
      message_reader reader(bytes);
      auto answer = reader.root<schema::QueryResult>();
      if (!answer.isTasks()) break;
      for (auto task : answer.getTasks()) {
        ++tasks[std::string(view_of(task.getName()))];
        last = std::string(view_of(task.getId()));
      }
      more = answer.getMore();
    }
  }
  for (const auto& [name, times] : tasks)
    if (times != 1) throw violation("task " + name + " was made " + std::to_string(times) + " times");
  for (const auto& [name, acknowledged] : tasks_)
    if (acknowledged && !tasks.contains(name)) throw violation("the acknowledged " + name + " is lost");
  audit_dashboards(state);
}

void workload::audit_dashboards(const storage::kv_reader& state) const {
  std::set<std::string> found;
  std::string last;
  for (bool more = true; more;) {
    capnp::MallocMessageBuilder query;
    auto list = query.initRoot<schema::Query>().initListDashboards();
    list.setAfterId(last);
    list.setLimit(500);
    auto bytes = ask(state, world_.machines(), query);
    message_reader reader(bytes);
    auto answer = reader.root<schema::QueryResult>();
    if (!answer.isDashboards()) throw violation("dashboards cannot be listed");
    for (auto item : answer.getDashboards().getItems()) {
      if (item.getDashboard().getVersion() != 1) throw violation("a dashboard was made more than once");
      found.emplace(view_of(item.getDashboard().getId()));
    }
    last = std::string(view_of(answer.getScannedToId()));
    more = answer.getMore();
    if (!more && answer.getDashboards().getTotal() != found.size())
      throw violation("dashboards are not counted");
  }
  for (const auto& [id, acknowledged] : dashboards_)
    if (acknowledged && !found.contains(id)) throw violation("the acknowledged " + id + " is lost");
}

}  // namespace troupe::sim
