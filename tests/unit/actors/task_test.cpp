#include <catch2/catch_test_macros.hpp>

#include "protocol/limits.hpp"
#include "protocol/records.hpp"
#include "tests/support/sample_events.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using schema::TaskStatus;

// A shard with the agent "a", and what a client does with its tasks.
class workplace {
 public:
  workplace() {
    shard.run([](auto b) { b.initRegisterAgent().setId("a"); });
  }

  owned<schema::Reply> create(const char* id, int priority = 0, std::int64_t timeout_ms = 0,
                              unsigned attempts_max = 0, const char* name = "work") {
    return shard.run([&](auto b) {
      auto said = b.initCreateTask();
      said.setAgentId("a");
      said.setId(id);
      said.setName(name);
      said.setPriority(priority);
      said.setTimeoutMs(timeout_ms);
      said.setAttemptsMax(attempts_max);
    });
  }
  owned<schema::Reply> claim(const char* id, std::int64_t lease_ms = 10'000) {
    return shard.run([&](auto b) {
      auto said = b.initClaimTask();
      said.setAgentId("a");
      said.setTaskId(id);
      said.setLeaseMs(lease_ms);
      said.setWorker("w1");
    });
  }
  // The token of a fresh claim.
  std::string token(const char* id, std::int64_t lease_ms = 10'000) {
    auto reply = claim(id, lease_ms);
    REQUIRE((*reply).isTask());
    return std::string(view_of((*reply).getTask().getClaimToken()));
  }
  owned<schema::Reply> complete(const char* id, const std::string& token, const char* result = "{}") {
    return shard.run([&](auto b) {
      auto said = b.initCompleteTask();
      said.setAgentId("a");
      said.setTaskId(id);
      said.setClaimToken(token.c_str());
      said.setResult(result);
    });
  }
  owned<schema::Reply> fail(const char* id, const std::string& token, bool retry) {
    return shard.run([&](auto b) {
      auto said = b.initFailTask();
      said.setAgentId("a");
      said.setTaskId(id);
      said.setClaimToken(token.c_str());
      said.setError("it broke");
      said.setRetry(retry);
    });
  }
  owned<schema::Reply> expire(const char* id, unsigned attempt) {
    return shard.run([&](auto b) {
      auto said = b.initExpireTask();
      said.setAgentId("a");
      said.setTaskId(id);
      said.setAttempt(attempt);
    });
  }

  owned<schema::QueryResult> read(const char* id) const {
    return shard.query([&](auto q) {
      q.initGetTask().setAgentId("a");
      q.getGetTask().setTaskId(id);
    });
  }
  TaskStatus status(const char* id) const { return (*read(id)).getTasks()[0].getStatus(); }
  std::string next() const {
    auto answer = shard.query([](auto q) { q.setNextPendingTask("a"); });
    return (*answer).isNothing() ? "" : std::string(view_of((*answer).getTasks()[0].getId()));
  }
  // Pending, claimed, completed, failed.
  std::vector<std::int64_t> load() const {
    auto answer = shard.query([](auto q) { q.setGetAgent("a"); });
    auto x = (*answer).getAgents()[0].getActivity();
    return {x.getPendingTasks(), x.getClaimedTasks(), x.getCompletedTasks(), x.getFailedTasks()};
  }
  std::vector<std::string> timers() const {
    std::vector<std::string> keys;
    for (auto& [key, value] : shard.records.all(family::outbox)) keys.push_back(key);
    return keys;
  }

  memory_shard shard;
};

using counts = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("tasks: a task goes from pending to claimed to completed") {
  workplace w;
  CHECK((*w.create("t")).getTask().getStatus() == TaskStatus::PENDING);
  CHECK(w.load() == counts{1, 0, 0, 0});
  auto claimed = w.claim("t", 5000);
  auto task = (*claimed).getTask();
  CHECK(task.getStatus() == TaskStatus::CLAIMED);
  CHECK(task.getAttempt() == 1);
  CHECK(task.getClaimToken().size() == 32);
  CHECK(task.getLeaseUntilUs() == w.shard.now.time_us + 5'000'000);
  CHECK(view_of(task.getWorker()) == "w1");
  CHECK(w.load() == counts{0, 1, 0, 0});
  CHECK(w.timers().size() == 1);
  auto done = w.complete("t", std::string(view_of(task.getClaimToken())), R"({"answer":42})");
  CHECK((*done).getTask().getStatus() == TaskStatus::COMPLETED);
  CHECK(view_of((*done).getTask().getResult()) == R"({"answer":42})");
  CHECK(w.load() == counts{0, 0, 1, 0});
  CHECK(w.timers().empty());
  CHECK(w.next().empty());
}

TEST_CASE("tasks: only the answer to the claim shows the token") {
  workplace w;
  w.create("t");
  auto token = w.token("t");
  for (auto& fact : w.shard.last.facts) {
    owned<schema::Fact> told(fact);
    if ((*told).isTaskChanged()) CHECK((*told).getTaskChanged().getClaimToken().size() == 0);
    CHECK(fact.find(token) == std::string::npos);
  }
  CHECK((*w.read("t")).getTasks()[0].getClaimToken().size() == 0);
  auto done = w.complete("t", token);
  CHECK((*done).getTask().getClaimToken().size() == 0);
}

TEST_CASE("tasks: the queue is by priority and then by age") {
  workplace w;
  w.create("old");
  w.shard.pass(1);
  w.create("new");
  w.create("urgent", 5);
  w.create("later", -5);
  std::vector<std::string> order;
  while (!w.next().empty()) {
    order.push_back(w.next());
    w.claim(order.back().c_str());
  }
  CHECK(order == std::vector<std::string>{"urgent", "old", "new", "later"});
}

TEST_CASE("tasks: a task without an id gets one from the stamp") {
  workplace w;
  auto first = w.create(""), second = w.create("");
  CHECK((*first).getTask().getId().size() == 36);
  CHECK(view_of((*first).getTask().getId()) != view_of((*second).getTask().getId()));
}

TEST_CASE("tasks: creating the same task again is answered with it, another one is refused") {
  workplace w;
  w.create("t", 1, 60'000, 2);
  CHECK((*w.create("t", 1, 60'000, 2)).isTask());
  CHECK(w.shard.last.changes.empty());
  CHECK(refused(w.create("t", 2, 60'000, 2)) == errc::conflict);
  CHECK(refused(w.create("t", 1, 60'001, 2)) == errc::conflict);
  CHECK(refused(w.create("t", 1, 60'000, 3)) == errc::conflict);
  CHECK(refused(w.create("t", 1, 60'000, 2, "other")) == errc::conflict);
  w.complete("t", w.token("t"));
  CHECK((*w.create("t", 1, 60'000, 2)).getTask().getStatus() == TaskStatus::COMPLETED);
  CHECK(w.load() == counts{0, 0, 1, 0});
}

TEST_CASE("tasks: a claim is refused while another holds, and free after its lease") {
  workplace w;
  w.create("t");
  auto first = w.token("t", 5000);
  CHECK(refused(w.claim("t")) == errc::conflict);
  w.shard.pass(5000);
  auto second = w.token("t", 5000);
  CHECK(first != second);
  CHECK(w.load() == counts{0, 1, 0, 0});
  CHECK(w.timers().size() == 1);
  CHECK(refused(w.complete("t", first)) == errc::conflict);
  CHECK((*w.complete("t", second)).isTask());
  CHECK(refused(w.claim("t")) == errc::conflict);
}

TEST_CASE("tasks: the holder may finish late as long as nobody took over") {
  workplace w;
  w.create("t");
  auto token = w.token("t", 5000);
  w.shard.pass(6000);
  CHECK((*w.complete("t", token)).getTask().getStatus() == TaskStatus::COMPLETED);
}

TEST_CASE("tasks: finishing twice with the same words is answered twice and counted once") {
  workplace w;
  w.create("t");
  auto token = w.token("t");
  w.complete("t", token, "1");
  CHECK((*w.complete("t", token, "1")).isTask());
  CHECK(w.shard.last.changes.empty());
  CHECK(refused(w.complete("t", token, "2")) == errc::conflict);
  CHECK(refused(w.complete("t", "", "1")) == errc::conflict);
  CHECK(w.load() == counts{0, 0, 1, 0});
  w.create("f");
  token = w.token("f");
  w.fail("f", token, false);
  CHECK((*w.fail("f", token, false)).isTask());
  CHECK(w.load() == counts{0, 0, 1, 1});
}

TEST_CASE("tasks: a failed task is tried again until its attempts are used up") {
  workplace w;
  w.create("t", 0, 0, 2);
  w.fail("t", w.token("t"), true);
  CHECK(w.status("t") == TaskStatus::PENDING);
  CHECK(w.next() == "t");
  CHECK(w.load() == counts{1, 0, 0, 0});
  w.fail("t", w.token("t"), true);
  CHECK(w.status("t") == TaskStatus::FAILED);
  CHECK(view_of((*w.read("t")).getTasks()[0].getError()) == "it broke");
  CHECK(w.load() == counts{0, 0, 0, 1});
  w.create("once");
  w.fail("once", w.token("once"), false);
  CHECK(w.status("once") == TaskStatus::FAILED);
  CHECK(w.timers().empty());
}

TEST_CASE("tasks: a lease that runs out gives the task back, then ends it") {
  workplace w;
  w.create("t", 0, 0, 2);
  w.token("t", 5000);
  auto timer = w.timers().front();
  CHECK(due_of_timer(timer) == w.shard.now.time_us + 5'000'000);
  w.shard.pass(5000);
  w.shard.fire(timer);
  CHECK(w.status("t") == TaskStatus::PENDING);
  CHECK(w.timers().empty());
  w.token("t", 5000);
  w.shard.pass(5000);
  w.shard.fire(w.timers().front());
  CHECK(w.status("t") == TaskStatus::EXPIRED);
  CHECK(w.load() == counts{0, 0, 0, 1});
  CHECK(w.timers().empty());
}

TEST_CASE("tasks: a deadline ends a task whether it is claimed or not") {
  for (bool claimed : {false, true}) {
    workplace w;
    w.create("t", 0, 20'000);
    if (claimed) w.token("t", 60'000);
    auto deadline = w.timers().front();
    w.shard.pass(20'000);
    CHECK(refused(w.claim("t")) == errc::conflict);
    w.shard.fire(deadline);
    CHECK(w.status("t") == TaskStatus::EXPIRED);
    CHECK(w.timers().empty());
    CHECK(w.load() == counts{0, 0, 0, 1});
    CHECK(w.next().empty());
  }
}

TEST_CASE("tasks: a timer that does not fit any more changes nothing") {
  workplace w;
  w.create("t");
  w.token("t", 5000);
  for (auto& [id, attempt] : std::vector<std::pair<const char*, unsigned>>{{"none", 1}, {"t", 2}, {"t", 0}}) {
    w.expire(id, attempt);
    CHECK(w.shard.last.changes.empty());
  }
  w.expire("t", 1);  // the lease is not over: the timer is set again
  CHECK(w.status("t") == TaskStatus::CLAIMED);
  CHECK(w.timers().size() == 1);
  w.shard.pass(5000);
  auto second = w.token("t", 5000);
  w.expire("t", 1);
  CHECK(w.shard.last.changes.empty());
  w.complete("t", second);
  w.expire("t", 2);
  CHECK(w.shard.last.changes.empty());
}

TEST_CASE("tasks: a timer that fires before its time is set again") {
  workplace w;
  w.create("t", 0, 20'000);
  auto before = w.timers();
  w.shard.fire(before.front());
  CHECK(w.timers() == before);
  CHECK(w.status("t") == TaskStatus::PENDING);
}

TEST_CASE("tasks: a wrong request is refused by field and changes nothing") {
  workplace w;
  w.create("t");
  struct row {
    std::function<owned<schema::Reply>()> ask;
    errc code;
    std::string field;
  };
  auto claimed = [&] {
    w.create("c");
    return w.token("c");
  }();
  for (auto& r : std::vector<row>{
           {[&] { return w.create("x", 0, 0, 0, ""); }, errc::invalid_argument, "name"},
           {[&] { return w.create("x", 0, -1); }, errc::invalid_argument, "timeout_ms"},
           {[&] { return w.create("x", 0, 0, limits::task_attempts_max + 1); }, errc::invalid_argument,
            "attempts_max"},
           {[&] { return w.claim(""); }, errc::invalid_argument, "task_id"},
           {[&] { return w.claim("t", 1); }, errc::invalid_argument, "lease_ms"},
           {[&] { return w.claim("none"); }, errc::not_found, ""},
           {[&] { return w.complete("t", "x"); }, errc::conflict, ""},
           {[&] { return w.complete("c", ""); }, errc::invalid_argument, "claim_token"},
           {[&] { return w.complete("c", "wrong"); }, errc::conflict, "claim_token"},
           {[&] { return w.fail("c", "wrong", true); }, errc::conflict, "claim_token"},
       }) {
    auto reply = r.ask();
    CHECK(refused(reply) == r.code);
    CHECK(view_of((*reply).getRefused().getField()) == r.field);
    CHECK(w.shard.last.changes.empty());
  }
  auto unknown = w.shard.run([](auto b) {
    auto said = b.initCreateTask();
    said.setAgentId("nobody");
    said.setName("work");
  });
  CHECK(refused(unknown) == errc::not_found);
}

TEST_CASE("tasks: an agent has a bounded number of open tasks") {
  workplace w;
  for (std::size_t i = 0; i < limits::tasks_open_per_agent_max; ++i)
    REQUIRE((*w.create(std::to_string(i).c_str())).isTask());
  CHECK(refused(w.create("more")) == errc::overloaded);
  w.complete("0", w.token("0"));
  CHECK((*w.create("more")).isTask());
}

TEST_CASE("tasks: the list has pages and a status") {
  workplace w;
  for (auto id : {"t1", "t2", "t3"}) w.create(id);
  w.token("t2");
  auto ask = [&](const char* status, const char* after, unsigned limit) {
    auto answer = w.shard.query([&](auto q) {
      auto asked = q.initListTasks();
      asked.setAgentId("a");
      asked.setStatus(status);
      asked.setAfterId(after);
      asked.setLimit(limit);
    });
    std::vector<std::string> ids;
    if ((*answer).isTasks())
      for (auto t : (*answer).getTasks()) ids.emplace_back(view_of(t.getId()));
    else
      ids.emplace_back("refused");
    return ids;
  };
  using list = std::vector<std::string>;
  CHECK(ask("", "", 0) == list{"t1", "t2", "t3"});
  CHECK(ask("pending", "", 0) == list{"t1", "t3"});
  CHECK(ask("claimed", "", 0) == list{"t2"});
  CHECK(ask("", "t1", 1) == list{"t2"});
  CHECK(ask("gone", "", 0) == list{"refused"});
}

TEST_CASE("tasks: counts, queue and timers agree after any sequence of commands") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    workplace w;
    std::uint64_t x = seed;
    auto below = [&](std::uint64_t n) {
      x = x * 6364136223846793005ULL + 1442695040888963407ULL;
      return (x >> 33) % n;
    };
    std::map<std::string, std::string> tokens;
    for (int step = 0; step < 300; ++step) {
      auto id = "t" + std::to_string(below(8));
      switch (below(7)) {
        case 0:
          w.create(id.c_str(), static_cast<int>(below(3)), static_cast<std::int64_t>(below(2) * 40'000));
          break;
        case 1:
        case 2: {
          auto reply = w.claim(id.c_str(), 2000);
          if ((*reply).isTask()) tokens[id] = view_of((*reply).getTask().getClaimToken());
          break;
        }
        case 3: w.complete(id.c_str(), tokens[id]); break;
        case 4: w.fail(id.c_str(), tokens[id], below(2) == 0); break;
        case 5: w.shard.pass(static_cast<std::int64_t>(below(3000))); break;
        default:
          for (auto& timer : w.timers())
            if (due_of_timer(timer) <= w.shard.now.time_us && w.shard.records.get(family::outbox, timer))
              w.shard.fire(timer);
      }
      counts actual(4);
      std::size_t timers = 0, queued = 0;
      auto all = w.shard.query([](auto q) { q.initListTasks().setAgentId("a"); });
      for (auto t : (*all).getTasks()) {
        auto s = t.getStatus();
        bool open = s == TaskStatus::PENDING || s == TaskStatus::CLAIMED;
        ++actual[s == TaskStatus::EXPIRED ? 3 : static_cast<std::size_t>(s)];
        timers += (s == TaskStatus::CLAIMED) + (open && t.getDeadlineUs() != 0);
      }
      auto prefix = std::string(1, static_cast<char>(record_tag::task_pending));
      w.shard.records.scan(family::state, prefix, prefix_end(prefix),
                           [&](auto, auto) { return ++queued, true; });
      REQUIRE(w.load() == actual);
      REQUIRE(w.timers().size() == timers);
      REQUIRE(queued == static_cast<std::size_t>(actual[0]));
    }
  }
}
