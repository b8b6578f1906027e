#include "node/health.hpp"

#include <spdlog/spdlog.h>

#include <chrono>

#include "protocol/message.hpp"
#include "protocol/schema/query.capnp.h"
#include "protocol/wall_clock.hpp"

namespace troupe::node {
namespace {

using namespace std::chrono_literals;

shard_figures figures_of(schema::ShardStatus::Reader s) {
  return {.shard = s.getShard(),
          .role = std::string(view_of(s.getRole())),
          .fault = std::string(view_of(s.getFault())),
          .leader = s.getLeader(),
          .term = s.getTerm(),
          .commit = s.getCommitIndex(),
          .applied = s.getAppliedIndex(),
          .first = s.getFirstIndex(),
          .last = s.getLastIndex(),
          .events = s.getLastSeq()};
}

std::vector<shard_figures> read_all(const std::vector<std::string>& results) {
  std::vector<shard_figures> out;
  for (const auto& r : results) {
    message_reader reader(r);
    auto result = reader.root<schema::QueryResult>();
    if (result.isStatus()) out.push_back(figures_of(result.getStatus()));
  }
  return out;
}

}  // namespace

health::health(sources from) : from_(std::move(from)), thread_([this] { run(); }) {}

health::~health() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void health::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    look();
    from_.housekeeping();
    lock.lock();
    // Until all shards lead, every moment counts for the start-up.
    wake_.wait_for(lock, not_ready().empty() ? 1000ms : 2ms, [this] { return ending_; });
  }
}

void health::look() {
  disk_low_ = from_.disk_is_low();
  {
    std::lock_guard lock(seen_->mutex);
    if (seen_->asking) return;
    seen_->asking = true;
  }
  auto shards = from_.actors->entity_shards();
  shards.insert(shards.begin(), system_shard);
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Query>().setStatus();
  from_.actors->query_each(std::move(shards), to_bytes(message), consistency::local,
                           [seen = seen_](const result<std::vector<std::string>>& results) {
                             std::lock_guard lock(seen->mutex);
                             seen->asking = false;
                             try {
                               if (results) seen->shards = read_all(*results);
                               seen->answered = static_cast<bool>(results);
                             } catch (const kj::Exception& e) {
                               spdlog::error("a shard's status could not be read: {}",
                                             e.getDescription().cStr());
                             }
                           });
}

std::vector<std::string> health::not_ready() const {
  std::vector<std::string> out;
  if (stopping_) out.emplace_back("the node is stopping");
  if (!listening_) out.emplace_back("the node is starting");
  if (listening_ && !serves_()) out.emplace_back("the keys or the live feed are not loaded yet");
  std::lock_guard lock(seen_->mutex);
  if (!seen_->answered) out.emplace_back("the shards do not answer");
  for (const auto& s : seen_->shards) {
    auto name = "shard " + std::to_string(s.shard);
    if (!s.fault.empty())
      out.push_back(name + " has halted: " + s.fault);
    else if (s.votes() && s.leader == 0)
      out.push_back(name + " has no leader");
  }
  if (from_.verdict)
    if (auto why = from_.verdict(); !why.empty()) out.push_back("this node's " + why);
  // Without it a node of a cluster does not know where anything is.
  if (from_.map_is_known && !from_.map_is_known()) out.emplace_back("the cluster's map is not known yet");
  return out;
}

std::vector<std::string> health::problems() const {
  auto out = not_ready();
  if (disk_low_) out.emplace_back("the disk is nearly full: writes are refused, reads are served");
  if (auto ahead_s = wall_ahead_us() / 1'000'000; ahead_s != 0)
    out.push_back("the machine's clock was set by " + std::to_string(ahead_s) +
                  " s: leases and timers follow it slowly. If it is right now, restart this node");
  return out;
}

std::vector<shard_figures> health::shards() const {
  std::lock_guard lock(seen_->mutex);
  return seen_->shards;
}

bool health::leads(std::uint16_t shard) const {
  std::lock_guard lock(seen_->mutex);
  for (const auto& s : seen_->shards)
    if (s.shard == shard) return s.role == "leader";
  return false;
}

std::uint64_t health::events_stored() const {
  std::lock_guard lock(seen_->mutex);
  std::uint64_t all = 0;
  for (const auto& s : seen_->shards) all += s.events;
  return all;
}

}  // namespace troupe::node
