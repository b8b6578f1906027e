// Well-formed commands in any order: agents, tasks, events, keys and dashboards of a shard, with time passing and timers
// firing. After each step the counts of an agent are those of its tasks, the queue holds exactly what is pending, each claim
// has its timer, events are numbered without a gap, dashboards are counted and without fault, and a repeated request changes
// nothing.
//
// The input is a row of steps of four bytes: what, whom, how, how long after.
#include <map>
#include <set>

#include "actors/agent/keys.hpp"
#include "actors/dashboard/keys.hpp"
#include "protocol/charts.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/must.hpp"
#include "protocol/records.hpp"
#include "protocol/rollup.hpp"
#include "tests/fuzz/support/shard_under_test.hpp"

using namespace troupe;

namespace {

constexpr std::size_t steps_max = 64;
constexpr const char* org = "org";

struct step {
  unsigned char what, whom, how, later;
};

struct tasks_seen {
  std::int64_t pending = 0, claimed = 0, completed = 0, failed = 0;
  std::set<std::string> timers, queue;
};

class play {
 public:
  void take(const step& s) {
    for (auto* replica : {&shard_, &late_}) replica->pass_ms(std::int64_t{s.later} * s.later * 10);
    auto agent = std::string(1, static_cast<char>('a' + s.whom % 3));
    auto task = std::string(1, static_cast<char>('t' + s.whom / 3 % 3));
    auto command = command_of(s, agent, task);
    auto seq = shard_.last_seq().value;
    auto reply = shard_.run(command);
    must(late_.run(command) == reply, "replicas give one answer");
    must(reply.has_value(), "no well-formed command halts a shard");
    note(*reply, agent + task, seq);
    if (s.how & 0x80) {
      auto before = shard_.digest();
      must(shard_.run(command) == reply && late_.run(command) == reply,
           "a repeated request has the same answer");
      must(shard_.digest() == before, "and changes nothing");
    }
    if (s.what & 0x80)
      for (auto* replica : {&shard_, &late_}) replica->fire_due();
    check();
  }
  void end() { must(shard_.digest() == late_.digest(), "replicas have one state"); }

 private:
  std::string command_of(const step& s, const std::string& agent, const std::string& task);
  void note(const std::string& reply, const std::string& place, std::uint64_t seq_before);
  void check();
  tasks_seen tasks_of(const std::string& agent);
  void check_events();
  void check_dashboards();

  fuzz::shard_under_test shard_, late_{shard_id(1), fuzz::shard_under_test::handing::late};
  std::map<std::string, std::string> tokens_;  // of the last claim of each task
  std::uint64_t requests_ = 0;
};

void fill_events(schema::EventBatch::Builder batch, const step& s, const std::string& agent,
                 std::int64_t now_us) {
  auto events = batch.initEvents(s.how % 4);
  for (unsigned i = 0; i < events.size(); ++i) {
    events[i].initId().setLow(s.how % 7 + i);
    events[i].setAgentId(i == 2 ? "" : agent.c_str());
    events[i].setType(static_cast<schema::EventType>(s.how % 12));
    events[i].setStatus(static_cast<schema::EventStatus>(s.later % 3));
    events[i].setTimeUs(now_us - std::int64_t{s.later} * 3'600'000'000);
    events[i].setDurationUs(std::int64_t{s.how} - 5);
    events[i].setModel(s.how % 2 ? "m" : "");
    events[i].initTokens().setInput(s.how % 16 == 3 ? INT64_MAX : s.how);
  }
}

// From here on a step is about a dashboard.
constexpr unsigned char dashboards_from = 120;

void fill_chart(schema::Chart::Builder chart, const step& s, const std::string& id) {
  chart.setId(id), chart.setCols(s.later % 14), chart.setType(static_cast<schema::ChartType>(s.how % 11));
  auto source = chart.initSource();
  source.setView(static_cast<schema::ChartView>(s.how % 7));
  source.setMeasure(static_cast<schema::ChartMeasure>(s.later % 15));
  source.setGroupBy(static_cast<schema::ChartGroup>(s.later % 8));
  source.setAgentId(s.how % 2 ? "a" : "");
}

void fill_dashboard(schema::Command::Body::Builder body, const step& s, const std::string& id,
                    const std::string& chart) {
  auto about = [&](auto said) {
    said.setDashboardId(id), said.setIfVersion(s.how % 4);
    return said;
  };
  switch (s.what % 5) {
    case 0: {
      auto said = body.initCreateDashboard();
      said.setElsewhere(s.how % 8 == 7 ? limits::dashboards_max - 1 : 0);
      said.initDashboard().setId(id), said.getDashboard().setTitle(s.how % 3 ? "t" : "");
      if (s.how % 2) fill_chart(said.getDashboard().initCharts(1)[0], s, chart);
      break;
    }
    case 1: {
      auto said = body.initUpdateDashboard();
      said.setIfVersion(s.how % 4), said.setSetGridColumns(s.how % 2), said.setSetCharts(s.how % 3 == 0);
      said.initDashboard().setId(id), said.getDashboard().setGridColumns(s.later % 30);
      break;
    }
    case 2: fill_chart(about(body.initSetDashboardChart()).initChart(), s, chart); break;
    case 3: about(body.initRemoveDashboardChart()).setChartId(chart); break;
    default: body.initRemoveDashboard().setId(id), body.getRemoveDashboard().setIfVersion(s.how % 4);
  }
}

std::string play::command_of(const step& s, const std::string& agent, const std::string& task) {
  capnp::MallocMessageBuilder message;
  auto command = message.initRoot<schema::Command>();
  command.setOrg(org);
  // Every one of them can be repeated.
  command.setIdempotencyKey(std::to_string(++requests_));
  command.setFingerprint(s.how);
  auto body = command.initBody();
  auto token = tokens_[agent + task];
  auto about = [&](auto said) {
    said.setAgentId(agent), said.setTaskId(task);
    return said;
  };
  if ((s.what & 0x7f) >= dashboards_from) {
    fill_dashboard(body, s, agent, task);
    return to_bytes(message);
  }
  switch (s.what % 10) {
    case 0:
      body.initRegisterAgent().setId(agent), body.getRegisterAgent().setTeam(s.how % 2 ? "r" : "");
      break;
    case 1: {
      auto said = body.initUpdateAgent();
      said.setId(agent), said.setIfVersion(s.how % 4), said.setSetName(true),
          said.setName(s.how % 3 ? "n" : "");
      break;
    }
    case 2: body.initHeartbeat().setAgentId(agent), body.getHeartbeat().setLeaseMs(s.how * 500); break;
    case 3:
    case 4: {
      auto said = body.initCreateTask();
      said.setAgentId(agent), said.setId(task), said.setName("n"), said.setPriority(s.how % 5 - 2);
      said.setAttemptsMax(s.how % 4), said.setTimeoutMs(s.how % 3 * 20'000);
      break;
    }
    case 5:
    case 6: about(body.initClaimTask()).setLeaseMs(s.how % 8 * 1000); break;
    case 7: about(body.initCompleteTask()).setClaimToken(s.how % 4 ? token : "x"); break;
    case 8:
      about(body.initFailTask()).setClaimToken(token), body.getFailTask().setRetry(s.how % 2 == 0);
      break;
    default: fill_events(body.initAppendEvents(), s, agent, shard_.now_us());
  }
  return to_bytes(message);
}

void play::note(const std::string& reply, const std::string& place, std::uint64_t seq_before) {
  message_reader reader(reply);
  auto said = reader.root<schema::Reply>();
  if (said.isTask() && said.getTask().getClaimToken().size() > 0)
    tokens_[place] = std::string(view_of(said.getTask().getClaimToken()));
  auto accepted = said.isEventsAppended() ? said.getEventsAppended().getAccepted() : 0;
  must(shard_.last_seq().value == seq_before + accepted, "events are numbered without a gap");
}

tasks_seen play::tasks_of(const std::string& agent) {
  tasks_seen out;
  auto prefix = agents::tasks_prefix(org, agent);
  shard_.records().scan(
      family::state, prefix, prefix_end(prefix), [&](std::string_view, std::string_view value) {
        message_reader reader(value);
        auto task = reader.root<schema::Task>();
        bool open = true;
        switch (task.getStatus()) {
          case schema::TaskStatus::PENDING:
            ++out.pending;
            out.queue.insert(agents::pending_key(org, task));
            break;
          case schema::TaskStatus::CLAIMED:
            ++out.claimed;
            out.timers.insert(agents::lease_timer_key(org, task));
            must(task.getClaimToken().size() > 0 && task.getLeaseUntilUs() > 0,
                 "a claim has a token and a lease");
            break;
          case schema::TaskStatus::COMPLETED: ++out.completed, open = false; break;
          default: ++out.failed, open = false;
        }
        if (open && task.getDeadlineUs() != 0) out.timers.insert(agents::deadline_timer_key(org, task));
        must(task.getAttempt() <= task.getAttemptsMax(), "a task is tried as often as it may be");
        return true;
      });
  return out;
}

void play::check() {
  auto records = shard_.records();
  std::set<std::string> timers;
  for (std::string agent : {"a", "b", "c"}) {
    auto tasks = tasks_of(agent);
    std::set<std::string> queue;
    auto prefix = agents::pending_prefix(org, agent);
    records.scan(family::state, prefix, prefix_end(prefix), [&](std::string_view key, std::string_view) {
      queue.emplace(key);
      return true;
    });
    must(queue == tasks.queue, "the queue holds exactly what is pending");
    timers.merge(tasks.timers);
    auto bytes = records.get(family::state, agent_activity_key(org, agent));
    if (!bytes) {
      must(tasks.pending + tasks.claimed == 0, "tasks have an agent");
      continue;
    }
    message_reader reader(*bytes);
    auto load = reader.root<schema::AgentActivity>();
    must(load.getPendingTasks() == tasks.pending && load.getClaimedTasks() == tasks.claimed &&
             load.getCompletedTasks() == tasks.completed && load.getFailedTasks() == tasks.failed,
         "an agent's counts are those of its tasks");
    must(load.getLastActivityUs() <= shard_.now_us(), "nobody was active in the future");
  }
  std::set<std::string> set;
  records.scan(family::outbox, {}, {}, [&](std::string_view key, std::string_view) {
    set.emplace(key);
    return true;
  });
  must(set == timers, "each claim and each deadline has its timer, and there are no others");
  check_events();
  check_dashboards();
}

void play::check_dashboards() {
  auto records = shard_.records();
  std::uint32_t count = 0;
  auto prefix = dashboards::dashboards_prefix(org);
  records.scan(family::state, prefix, prefix_end(prefix), [&](std::string_view, std::string_view value) {
    message_reader reader(value);
    must(charts::faults_of(reader.root<schema::Dashboard>()).empty(), "a stored dashboard has no fault");
    return ++count != 0;
  });
  auto total = records.get(family::state, dashboards::dashboard_total_key(org));
  must(total.has_value() == (count != 0), "there is a total where there are dashboards");
  if (!total) return;
  message_reader reader(*total);
  must(reader.root<schema::DashboardTotal>().getDashboards() == count, "dashboards are counted");
}

// Rollups of all events together say how many there are.
void play::check_events() {
  capnp::MallocMessageBuilder message;
  auto query = message.initRoot<schema::Query>();
  query.setOrg(org);
  auto asked = query.initReadRollups();
  asked.setResolution(schema::Resolution::DAY);
  asked.setUntilUs(INT64_MAX / 2);
  asked.setLimit(limits::page_items_max);
  auto answer = shard_.ask(to_bytes(message));
  must(answer.has_value(), "rollups can be asked for");
  message_reader reader(*answer);
  std::int64_t count = 0;
  for (auto item : reader.root<schema::QueryResult>().getRollups()) count += item.getRollup().getCount();
  must(count == static_cast<std::int64_t>(shard_.last_seq().value), "rollups count every event once");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  play all;
  for (std::size_t at = 0; at + 4 <= size && at < 4 * steps_max; at += 4)
    all.take({data[at], data[at + 1], data[at + 2], data[at + 3]});
  all.end();
  return 0;
}
