#include "storage/digest_worker.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "storage/snapshot.hpp"

namespace troupe::storage {

namespace {

using namespace std::chrono;

constexpr std::size_t read_at_once_bytes = 256 * 1024;
constexpr int rest_times = 9;  // as long as reading took

}  // namespace

digest_worker::digest_worker() : thread_([this] { run(); }) {}

digest_worker::~digest_worker() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void digest_worker::take(shard_id shard, std::shared_ptr<const kv_reader> records, taken then) {
  {
    std::lock_guard lock(mutex_);
    if (ending_) return;
    std::erase_if(waiting_, [&](const job& j) { return j.shard == shard; });
    waiting_.push_back({shard, std::move(records), std::move(then)});
  }
  wake_.notify_all();
}

void digest_worker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    auto now = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    try {
      read(now);
    } catch (const storage_fault& e) {
      // Whoever reads that record next meets it too, and says what to do.
      spdlog::error("shard {}: no digest of its records can be taken: {}", now.shard.value, e.what());
    }
    now = {};
    lock.lock();
  }
}

void digest_worker::read(job& now) {
  auto begun = steady_clock::now(), since = begun;
  auto rest = [&] {
    auto until = steady_clock::now() + (steady_clock::now() - since) * rest_times;
    std::unique_lock lock(mutex_);
    bool going = !wake_.wait_until(lock, until, [this] { return ending_; });
    since = steady_clock::now();
    return going;
  };
  auto sum = digest_while(*now.records, now.shard, rest, read_at_once_bytes);
  auto took = duration_cast<milliseconds>(steady_clock::now() - begun).count();
  if (sum) now.then(*sum, static_cast<std::uint64_t>(took));
}

}  // namespace troupe::storage
