#include "actors/runtime/deadlines.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <deque>
#include <mutex>
#include <vector>

#include "protocol/limits.hpp"

namespace troupe {

namespace {

using clock = std::chrono::steady_clock;
using sweep_atom = caf::atom_constant<caf::atom("sweep")>;

constexpr auto deadline = std::chrono::milliseconds(limits::command_deadline_ms);
constexpr auto sweep_every = std::chrono::seconds(1);

failure too_late() {
  return {errc::timed_out,
          "no answer in time: it may or may not have taken effect. Send it again with the same "
          "Idempotency-Key or the same ids",
          std::chrono::milliseconds(1000)};
}

}  // namespace

struct deadlines::table {
  std::mutex mutex;
  // In the order of their deadlines; those that were answered fall out when they are the oldest.
  std::deque<std::pair<clock::time_point, std::weak_ptr<storage::local_call>>> calls;
  bool sweeping = false;

  // False: there is nothing more to look after.
  bool sweep() {
    std::vector<storage::local_call_ptr> late;
    bool more = false;
    {
      std::lock_guard lock(mutex);
      auto now = clock::now();
      while (!calls.empty() && (calls.front().second.expired() || calls.front().first <= now)) {
        if (auto call = calls.front().second.lock()) late.push_back(std::move(call));
        calls.pop_front();
      }
      more = sweeping = !calls.empty();
    }
    for (auto& call : late) call->answer(too_late());
    return more;
  }
};

deadlines::deadlines(caf::actor_system& system) : open_(std::make_shared<table>()) {
  auto sweeper = [](caf::event_based_actor* self, std::shared_ptr<table> open) -> caf::behavior {
    return {[self, open](sweep_atom) {
      if (open->sweep()) self->delayed_send(self, sweep_every, sweep_atom::value);
    }};
  };
  sweeper_ = system.spawn(sweeper, open_);
}

deadlines::~deadlines() { caf::anon_send_exit(sweeper_, caf::exit_reason::user_shutdown); }

void deadlines::add(const storage::local_call_ptr& call) {
  bool begin = false;
  {
    std::lock_guard lock(open_->mutex);
    while (!open_->calls.empty() && open_->calls.front().second.expired()) open_->calls.pop_front();
    open_->calls.emplace_back(clock::now() + deadline, call);
    begin = !std::exchange(open_->sweeping, true);
  }
  if (begin) caf::anon_send(sweeper_, sweep_atom::value);
}

}  // namespace troupe
