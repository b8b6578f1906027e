#include "storage/shard_pull.hpp"

#include <spdlog/spdlog.h>
#include <caf/all.hpp>

namespace troupe::storage {

namespace {

using namespace std::chrono;

constexpr auto answer_within = seconds(10);
constexpr auto stumble_pause = milliseconds(250);

}  // namespace

shard_pull::progress shard_pull::begin(network* peers, kv& store, const state_request& wanted) {
  taker_ = std::make_unique<state_taker>(shard_, wanted, store);
  ++number_;
  peers_ = peers;
  store_ = &store;
  begun_ = steady_clock::now();
  bool quiet = wanted.purpose == state_purpose::changes;
  if (!quiet)
    spdlog::info("shard {}: pulls the state at entry {} for generation {} from node {}{}", shard_.value,
                 wanted.point.index.value, wanted.generation.value, wanted.from.value,
                 wanted.purpose == state_purpose::ahead ? ", which goes on meanwhile" : "");
  if (!peers_ || !taker_->begin()) return progress::failed;
  ask_after(milliseconds(0));
  return progress::going;
}

void shard_pull::ask_after(milliseconds wait) { self_.delayed_send(&self_, wait, ask_atom::value, number_); }

void shard_pull::ask(std::uint64_t number) {
  if (!is_now(number)) return;
  caf::actor self(&self_);
  peers_->ask(taker_->wanted().from, traffic::bulk, frame::of(frame_kind::state_question, taker_->question()),
              answer_within, [self, number](troupe::result<frame> answer) {
                caf::anon_send(self, chunk_atom::value, number, answer ? std::move(*answer) : frame{});
              });
}

shard_pull::progress shard_pull::answered(std::uint64_t number, const frame& answer) {
  if (!is_now(number)) return progress::going;
  auto opened = answer.open(frame_kind::state_answer);
  switch (taker_->take(opened ? *opened : std::string_view())) {
    case state_taker::outcome::more: {
      auto due = begun_ + milliseconds(taker_->bytes() * 1000 / state_bytes_per_second_max);
      auto least = store_->is_flushing() ? flush_pause : milliseconds(0);
      ask_after(std::max(duration_cast<milliseconds>(due - steady_clock::now()), least));
      return progress::going;
    }
    case state_taker::outcome::anew: begun_ = steady_clock::now(); [[fallthrough]];
    case state_taker::outcome::again: ask_after(stumble_pause); return progress::going;
    case state_taker::outcome::complete:
      if (taker_->wanted().purpose != state_purpose::changes)
        spdlog::info("shard {}: has pulled {} bytes from node {}", shard_.value, taker_->bytes(),
                     taker_->wanted().from.value);
      return progress::complete;
    case state_taker::outcome::failed:
      spdlog::warn("shard {}: node {} does not give the state", shard_.value, taker_->wanted().from.value);
      return progress::failed;
  }
  return progress::failed;
}

}  // namespace troupe::storage
