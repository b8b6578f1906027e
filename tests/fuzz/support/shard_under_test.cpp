#include "tests/fuzz/support/shard_under_test.hpp"

#include <kj/exception.h>

#include "protocol/message.hpp"
#include "protocol/must.hpp"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"
#include "storage/entry.hpp"
#include "storage/snapshot.hpp"

namespace troupe::fuzz {

namespace {

constexpr epoch history{7};
constexpr generation only_generation{1};
constexpr term only_term{1};

// A timer is gone once it has fired, and an answer is remembered for its Idempotency-Key, also a refusal.
bool leaves_a_trace(std::string_view command) {
  message_reader reader(command);
  auto c = reader.root<schema::Command>();
  return c.getBody().isFireTimer() || c.getIdempotencyKey().size() > 0;
}

}  // namespace

shard_under_test::shard_under_test(shard_id id, handing when)
    : id_(id),
      when_(when),
      machines_(make_machines()),
      applier_(std::make_unique<storage::applier>(id, only_generation, history, store_, machines_)) {}

void shard_under_test::hand_over() {
  applier_->write_out();
  must(static_cast<bool>(store_.flush()), "memory takes it");
  waiting_.clear();
}

void shard_under_test::start_again() {
  applier_ = std::make_unique<storage::applier>(id_, only_generation, history, store_, machines_);
  // An applier hands over by itself too: then the store has some of them.
  for (auto& [at, entry] : waiting_)
    if (at > applier_->applied()) applier_->apply(at, only_term, entry);
}

std::uint64_t shard_under_test::digest() {
  hand_over();
  return storage::digest(store_.latest(), id_);
}

storage::shard_records shard_under_test::records() {
  hand_over();
  return {store_.latest(), id_};
}

std::optional<std::string> shard_under_test::run(std::string_view command) {
  if (applier_->next()) return std::nullopt;  // sealed: a shard applies nothing any more
  auto at = log_index(applier_->applied().value + 1);
  stamp made;
  made.time_us = time_us_;
  made.entropy_high = at.value * 0x9e37'79b9'7f4a'7c15ULL;
  made.entropy_low = ~made.entropy_high;
  made.level = 1;
  auto entry = storage::encode_entry(made, command);
  auto before = when_ == handing::each ? digest() : 0;
  try {
    auto applied = applier_->apply(at, only_term, entry);
    must(applier_->applied() == at, "an applied entry counts");
    auto refused = is_refusal(applied.reply);
    waiting_.emplace_back(at, std::move(entry));
    if (when_ == handing::late) return applied.reply;
    hand_over();
    check_restart();
    if (refused && !leaves_a_trace(command)) must(digest() == before, "a refusal changes no record");
    return applied.reply;
  } catch (const machine_fault&) {
  } catch (const storage::storage_fault&) {
  } catch (const kj::Exception&) {}
  start_again();
  must(applier_->applied().value + 1 == at.value, "an entry that halts is not applied");
  if (when_ == handing::each) must(digest() == before, "an entry that halts changes nothing");
  return std::nullopt;
}

void shard_under_test::check_restart() const {
  storage::applier again(id_, only_generation, history, store_, machines_);
  must(again.applied() == applier_->applied() && again.last_seq() == applier_->last_seq() &&
           again.last_stamp_us() == applier_->last_stamp_us(),
       "a restart finds what was applied");
}

std::optional<std::string> shard_under_test::ask(std::string_view query) {
  hand_over();
  try {
    return storage::applier::answer(store_.latest(), id_, history, machines_, query);
  } catch (const machine_fault&) {
    return std::nullopt;
  } catch (const kj::Exception&) {
    return std::nullopt;
  }
}

void shard_under_test::fire_due() {
  capnp::MallocMessageBuilder asked;
  asked.initRoot<schema::Query>().setDueTimers(time_us_);
  auto answer = ask(to_bytes(asked));
  must(answer.has_value(), "timers can be asked for");
  message_reader reader(*answer);
  for (auto key : reader.root<schema::QueryResult>().getDueTimers().getKeys()) {
    capnp::MallocMessageBuilder message;
    auto command = message.initRoot<schema::Command>();
    command.setPrincipal("node");
    command.initBody().setFireTimer(key);
    must(run(to_bytes(message)).has_value(), "a timer that is due can be fired");
  }
}

bool is_refusal(std::string_view reply) {
  message_reader reader(reply);
  auto said = reader.root<schema::Reply>();
  [[maybe_unused]] auto size = said.totalSize();
  return said.isRefused();
}

}  // namespace troupe::fuzz
