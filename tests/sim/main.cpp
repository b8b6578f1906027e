// simulate: runs seeds of the simulation and counts them. A failing seed is printed and replays exactly.
//
//   simulate --seeds N [--from F] [--jobs J]   N runs from seed F on, then the planted bugs, each of which must be found
//                                              (--no-plants: without those)
//   simulate --seed N [--trace]                one run with its trace; --trace adds every entry
//   simulate --plant NAME --seeds N            runs with a planted bug: one of ack-before-sync, skip-guard, apply-twice,
//                                              write-after-failure, trust-unflushed, forget-left, forget-import,
//                                              forget-identity, lose-feed, freeze-report, keep-room
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/sim/world.hpp"

namespace troupe::sim {
namespace {

// A planted bug must show up within this many seeds.
constexpr std::uint64_t plant_seeds_max = 300;

constexpr std::pair<const char*, plant> plants[] = {{"ack-before-sync", plant::ack_before_sync},
                                                    {"skip-guard", plant::skip_guard},
                                                    {"apply-twice", plant::apply_twice},
                                                    {"write-after-failure", plant::write_after_failure},
                                                    {"trust-unflushed", plant::trust_unflushed},
                                                    {"forget-left", plant::forget_left},
                                                    {"forget-import", plant::forget_import},
                                                    {"forget-identity", plant::forget_identity},
                                                    {"lose-feed", plant::lose_feed},
                                                    {"freeze-report", plant::freeze_report},
                                                    {"keep-room", plant::keep_room}};

// What skip-guard may leave out, as skip-guard:NAME; the first by default.
constexpr std::pair<const char*, bool replica_guards::*> guards[] = {
    {"hold_messages", &replica_guards::hold_messages},
    {"clip_persisted", &replica_guards::clip_persisted},
    {"apply_only_stored", &replica_guards::apply_only_stored},
    {"trim_compacted", &replica_guards::trim_compacted},
    {"answer_stale_terms", &replica_guards::answer_stale_terms},
    {"drop_stale_rejections", &replica_guards::drop_stale_rejections},
    {"true_prevote_term", &replica_guards::true_prevote_term}};

struct arguments {
  replica_guards guards;
  std::optional<std::uint64_t> seed;
  std::uint64_t seeds = 2'000, from = 1;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  sim::plant plant = plant::none;
  detail trace = detail::events;
  bool show_plants = true;
};

std::optional<std::string> failure_of(const run_options& options, run_counts& total) {
  world w(options);
  std::optional<std::string> what;
  try {
    w.run();
  } catch (const violation& v) {
    what = "at " + std::to_string(w.now()) + " ms: " + v.what();
  }
  total.add(w.counts());
  return what;
}

// What a worker tells: before a run its seed, after it how it went. Small enough to be written at once.
struct report {
  enum class kind : std::uint8_t { begins, passed, failed, totals } what = kind::begins;
  std::uint64_t seed = 0;
  run_counts totals;
  char why[256] = {};
};

void tell(int pipe, const report& r) {
  if (::write(pipe, &r, sizeof r) != static_cast<ssize_t>(sizeof r)) std::_Exit(3);
}

[[noreturn]] void work(int pipe, const arguments& a, std::uint64_t first, std::uint64_t step) {
  report r;
  for (auto seed = first; seed < a.from + a.seeds; seed += step) {
    r.what = report::kind::begins;
    r.seed = seed;
    tell(pipe, r);
    auto why = failure_of({seed, a.plant, a.guards, detail::silent}, r.totals);
    r.what = why ? report::kind::failed : report::kind::passed;
    std::snprintf(r.why, sizeof r.why, "%s", why ? why->c_str() : "");
    tell(pipe, r);
  }
  r.what = report::kind::totals;
  tell(pipe, r);
  std::_Exit(0);
}

struct outcome {
  std::uint64_t passed = 0, failed = 0;
  std::optional<std::uint64_t> first_failed;
  run_counts totals;
};

struct worker {
  pid_t pid = 0;
  int pipe = -1;
  std::uint64_t running = 0;  // seed, 0: none
  run_counts totals;
};

worker begin(const arguments& a, std::uint64_t first) {
  // One at a time: a child must not inherit the other end of another's pipe.
  static std::mutex one_at_a_time;
  std::lock_guard lock(one_at_a_time);
  int ends[2];
  if (::pipe(ends) != 0) std::exit(3);
  std::fflush(nullptr);
  worker w;
  w.pid = ::fork();
  if (w.pid == 0) {
    ::close(ends[0]);
    work(ends[1], a, first, a.jobs);
  }
  ::close(ends[1]);
  w.pipe = ends[0];
  return w;
}

void fail(outcome& o, std::uint64_t seed, const char* why) {
  ++o.failed;
  if (!o.first_failed || seed < *o.first_failed) o.first_failed = seed;
  std::printf("seed %lu failed %s\n", seed, why);
  std::fflush(stdout);
}

// Reads one worker's reports to their end; a worker that dies has failed its seed and is followed by another.
void follow(worker w, const arguments& a, outcome& o) {
  for (;;) {
    report r;
    auto n = ::read(w.pipe, &r, sizeof r);
    if (n == static_cast<ssize_t>(sizeof r)) {
      w.running = r.what == report::kind::begins ? r.seed : 0;
      w.totals = r.totals;
      if (r.what == report::kind::passed) ++o.passed;
      if (r.what == report::kind::failed) fail(o, r.seed, r.why);
      continue;
    }
    ::close(w.pipe);
    int status = 0;
    ::waitpid(w.pid, &status, 0);
    o.totals.add(w.totals);
    if (w.running == 0) return;
    fail(o, w.running, "by killing its process");
    w = begin(a, w.running + a.jobs);
  }
}

outcome run_all(const arguments& a) {
  std::vector<worker> workers;
  for (unsigned j = 0; j < a.jobs; ++j) workers.push_back(begin(a, a.from + j));
  std::vector<outcome> outcomes(workers.size());
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < workers.size(); ++i)
    readers.emplace_back([&, i] { follow(workers[i], a, outcomes[i]); });
  for (auto& r : readers) r.join();
  outcome all;
  for (const auto& o : outcomes) {
    all.passed += o.passed;
    all.failed += o.failed;
    all.totals.add(o.totals);
    if (o.first_failed && (!all.first_failed || *o.first_failed < *all.first_failed))
      all.first_failed = o.first_failed;
  }
  return all;
}

void print(const run_counts& c) {
  std::printf(
      "%lu commits, %lu acknowledged, %lu reads, %lu elections, %lu seals, %lu crashes, %lu installs, "
      "%lu follows, %lu failed writes, %lu messages, %lu questions between nodes, %lu refused for room, %lu "
      "gaps in feeds\n",
      c.commits, c.acknowledged, c.reads, c.elections, c.generations, c.crashes, c.installs, c.follows,
      c.write_failures, c.messages, c.questions, c.no_room, c.gaps);
}

// Each planted bug must be found, or the simulation proves nothing.
void run_plants(outcome& o) {
  for (const auto& [name, p] : plants) {
    std::optional<std::string> why;
    std::uint64_t seed = 0;
    run_counts unused;
    replica_guards g;
    if (p == plant::skip_guard) g.*guards[0].second = false;
    while (!why && seed < plant_seeds_max) why = failure_of({++seed, p, g, detail::silent}, unused);
    if (why) {
      ++o.passed;
      std::printf("planted %s: found by seed %lu, %s\n", name, seed, why->c_str());
    } else {
      ++o.failed;
      std::printf("planted %s: not found by %lu seeds\n", name, seed);
    }
  }
}

int run_one(const arguments& a) {
  run_counts counts;
  auto why = failure_of({*a.seed, a.plant, a.guards, a.trace}, counts);
  print(counts);
  if (why) std::printf("seed %lu failed %s\n", *a.seed, why->c_str());
  std::printf("%d passed, %d failed\n", why ? 0 : 1, why ? 1 : 0);
  return why ? 1 : 0;
}

int run_many(const arguments& a) {
  auto o = run_all(a);
  print(o.totals);
  if (a.plant == plant::none && a.show_plants) run_plants(o);
  if (o.first_failed) std::printf("replay: ./dev sim --seed %lu\n", *o.first_failed);
  std::printf("%lu passed, %lu failed\n", o.passed, o.failed);
  return o.failed == 0 ? 0 : 1;
}

[[noreturn]] void usage(const std::string& wrong) {
  std::fprintf(
      stderr,
      "simulate: %s\nusage: simulate [--seeds N] [--from F] [--jobs J] [--no-plants] | --seed N [--trace] "
      "| --plant "
      "ack-before-sync|skip-guard|apply-twice|write-after-failure|trust-unflushed|forget-left|forget-"
      "import\n",
      wrong.c_str());
  std::exit(2);
}

arguments parse(int argc, char** argv) {
  arguments a;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--trace") {
      a.trace = detail::everything;
      continue;
    }
    if (name == "--no-plants") {
      a.show_plants = false;
      continue;
    }
    if (i + 1 == argc) usage(name + " is unknown or lacks its value");
    std::string value = argv[++i];
    if (name == "--plant") {
      for (const auto& [known, p] : plants)
        if (value == known) a.plant = p;
      for (const auto& [known, guard] : guards) {
        if (value != "skip-guard" && value != std::string("skip-guard:") + known) continue;
        a.plant = plant::skip_guard;
        a.guards.*guard = false;
        break;
      }
      if (a.plant == plant::none) usage("there is no plant " + value);
      continue;
    }
    char* end = nullptr;
    auto number = std::strtoull(value.c_str(), &end, 10);
    if (value.empty() || *end != 0) usage(value + " is no number");
    if (name == "--seed")
      a.seed = number;
    else if (name == "--seeds")
      a.seeds = number;
    else if (name == "--from")
      a.from = number;
    else if (name == "--jobs")
      a.jobs = std::max(1U, static_cast<unsigned>(number));
    else
      usage("unknown " + name);
  }
  return a;
}

}  // namespace
}  // namespace troupe::sim

int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::off);  // the trace says what matters
  auto a = troupe::sim::parse(argc, argv);
  return a.seed ? troupe::sim::run_one(a) : troupe::sim::run_many(a);
}
