#include "node/backup.hpp"

#include <kj/exception.h>
#include <spdlog/spdlog.h>
#include <caf/send.hpp>

#include <future>

#include "node/pki.hpp"
#include "node/version.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/query.capnp.h"
#include "storage/state_job.hpp"

namespace troupe::node {
namespace {

using namespace std::chrono;
using steady = steady_clock;
using storage::state_taker;

constexpr milliseconds answer_within = seconds(10), again_after(250), look_again_after = seconds(1);
constexpr int attempts_max = 6, attempts_of_leader = 3;  // of a shard: its leader may change

std::int64_t now_us() { return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count(); }

failure ending() { return {.code = errc::unavailable, .detail = "the node is stopping"}; }

}  // namespace

backups::backups(backup_sources from) : from_(std::move(from)) {}

backups::~backups() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (worker_.joinable()) worker_.join();
}

result<backup_state> backups::begin(const std::string& folder) {
  if (!std::filesystem::path(folder).is_absolute())
    return failure{.code = errc::invalid_argument,
                   .detail = "a backup goes to a folder on the node: name it from the root on",
                   .field = "folder"};
  std::lock_guard lock(mutex_);
  if (ending_) return ending();
  if (state_.running)
    return failure{.code = errc::conflict, .detail = "a backup to " + state_.folder + " is being written"};
  if (worker_.joinable()) worker_.join();
  auto before = std::exchange(state_, {});
  state_.succeeded_us = before.succeeded_us;
  state_.failures = before.failures;
  state_.folder = folder;
  state_.running = true;
  state_.shards = static_cast<std::uint32_t>(from_.shards.size());
  begun_ = steady::now();
  worker_ = std::thread([this, folder] { run(folder); });
  return state_;
}

backup_state backups::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

void backups::count(const std::function<void(backup_state&)>& change) {
  std::lock_guard lock(mutex_);
  change(state_);
}

// Whoever is to answer answers in time, or drops the question.
template <class T>
result<T> backups::wait(std::future<result<T>>& coming) {
  while (coming.wait_for(milliseconds(50)) != std::future_status::ready) {
    std::lock_guard lock(mutex_);
    if (ending_) return ending();
  }
  try {
    return coming.get();
  } catch (const std::future_error&) {
    return failure{.code = errc::unavailable, .detail = "it was dropped unanswered"};
  }
}

bool backups::pause(steady::time_point until) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_until(lock, until, [&] { return ending_; });
}

void backups::run(const std::string& folder) {
  spdlog::info("a backup to {} begins", folder);
  auto written = write(folder);
  if (written)
    spdlog::info("the backup to {} is written | bytes={} took_ms={}", folder, written->bytes(),
                 (written->ended_us - written->begun_us) / 1000);
  else
    spdlog::error("the backup to {} failed: {}", folder, written.error().detail);
  count([&](backup_state& s) {
    s.running = false;
    if (written) {
      s.digest = written->digest();
      s.succeeded_us = written->ended_us;
    } else {
      s.failed = written.error();
      ++s.failures;
    }
  });
}

result<storage::backup_manifest> backups::write(const std::string& folder) {
  auto to = storage::backup_writer::begin(folder);
  if (!to) return to.error();
  storage::backup_manifest m;
  m.version = version_text();
  m.cluster = from_.cluster_id;
  m.node = from_.self;
  m.begun_us = now_us();
  for (std::uint16_t s = 0; s < from_.shards.size(); ++s) {
    auto copied = copy(**to, shard_id(s));
    if (!copied) return copied.error();
    m.shards.push_back(*copied);
    count([&](backup_state& state) {
      ++state.shards_done;
      state.bytes = (*to)->bytes();
    });
  }
  m.ended_us = now_us();
  auto whole = (*to)->finish(m);
  if (!whole) return whole.error();
  return m;
}

result<storage::shard_backup> backups::copy(storage::backup_writer& to, shard_id shard) {
  failure last;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    if (attempt > 0 && !pause(steady::now() + look_again_after)) return ending();
    auto where = confirmed(shard);
    if (!where) {
      last = where.error();
      continue;
    }
    auto& file = to.file_of(shard, where->generation);
    // Another voter that is as far has the same, should the leader not be able to read its own.
    auto other = static_cast<std::size_t>(attempt) % where->voters.size();
    auto from = attempt < attempts_of_leader ? where->leader : where->voters[other];
    state_taker taker(shard, {from, where->generation, where->point, 0}, file,
                      storage::state_purpose::backup);
    auto pulled = pull(to, taker, shard);
    if (pulled) return to.close_file();
    if (to.fault()) return *to.fault();
    last = pulled.error();
  }
  last.detail = "shard " + std::to_string(shard.value) + ": " + last.detail;
  return last;
}

// Who leads the shard, and how far it is: said by the leader, after a majority confirmed that it is that.
result<backups::place> backups::confirmed(shard_id shard) {
  capnp::MallocMessageBuilder query;
  query.initRoot<schema::Query>().setStatus();
  auto promise = std::make_shared<std::promise<result<std::string>>>();
  auto coming = promise->get_future();
  from_.actors->query(shard, to_bytes(query), consistency::linearizable,
                      [promise](result<std::string> answer) { promise->set_value(std::move(answer)); });
  auto answer = wait(coming);
  if (!answer) return answer.error();
  try {
    message_reader reader(*answer);
    auto root = reader.root<schema::QueryResult>();
    if (!root.isStatus()) return failure{.code = errc::unavailable, .detail = "it has no leader"};
    auto s = root.getStatus();
    std::vector<node_id> voters;
    for (auto v : s.getVoters()) voters.emplace_back(v);
    if (voters.empty()) return failure{.code = errc::unavailable, .detail = "it has no voters"};
    return place{std::move(voters),
                 node_id(s.getLeader()),
                 generation(s.getGeneration()),
                 {log_index(s.getAppliedIndex()), term(s.getTerm())}};
  } catch (const kj::Exception& e) {
    return failure{.code = errc::corrupt, .detail = e.getDescription().cStr()};
  }
}

result<bool> backups::pull(storage::backup_writer& to, state_taker& taker, shard_id shard) {
  if (auto begun = taker.begin(); !begun) return begun.error();
  while (true) {
    auto answer = ask(taker.wanted().from, shard, frame::of(frame_kind::state_question, taker.question()));
    auto opened = answer ? answer->open(frame_kind::state_answer) : result<std::string_view>(answer.error());
    auto how = taker.take(opened ? *opened : std::string_view());
    count([&](backup_state& s) { s.bytes = to.bytes(); });
    if (to.fault()) return *to.fault();
    switch (how) {
      case state_taker::outcome::complete: return true;
      case state_taker::outcome::more: {
        auto due = begun_ + microseconds(to.bytes() * 1'000'000 / backup_bytes_per_second_max);
        if (!pause(std::max(due, steady::now()))) return ending();
        break;
      }
      case state_taker::outcome::again:
      case state_taker::outcome::anew:
        if (!pause(steady::now() + again_after)) return ending();
        break;
      case state_taker::outcome::failed:
        return failure{.code = errc::unavailable,
                       .detail = node_name(taker.wanted().from) + " does not give the state" +
                                 (taker.refusal().empty() ? "" : ": " + taker.refusal())};
    }
  }
}

// Of this node's shard or of another node's: the question is the same.
result<frame> backups::ask(node_id from, shard_id shard, frame question) {
  auto promise = std::make_shared<std::promise<result<frame>>>();
  auto coming = promise->get_future();
  if (from == from_.self)
    caf::anon_send(from_.shards[shard.value], storage::give_atom::value,
                   storage::state_asked{from, std::move(question),
                                        [promise](frame answer) { promise->set_value(std::move(answer)); }});
  else if (from_.peers)
    from_.peers->ask(from, traffic::bulk, std::move(question), answer_within,
                     [promise](result<frame> answer) { promise->set_value(std::move(answer)); });
  else
    return failure{.code = errc::unavailable, .detail = "the node that leads it is not known"};
  return wait(coming);
}

}  // namespace troupe::node
