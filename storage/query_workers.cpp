// The actors that answer queries, and cut a shard's state into chunks: each reads a snapshot of the store on a thread of
// its own. They own what is kept between queries.
#include <caf/actor_pool.hpp>
#include <caf/all.hpp>

#include <kj/exception.h>

#include <sys/resource.h>
#include <unistd.h>

#include "protocol/message.hpp"
#include "storage/applier.hpp"
#include "storage/query_memory.hpp"
#include "storage/shard_actor.hpp"
#include "storage/shard_client.hpp"
#include "storage/state_job.hpp"

namespace troupe::storage {

namespace {

constexpr int niceness = 5;

caf::behavior query_worker(caf::event_based_actor*, const kv* store, const machine_set* machines,
                           const std::shared_ptr<query_memory>& memory) {
  // Of its own thread. Storing events comes first; whoever may not set it answers as before.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
  auto give = [](give_atom, const state_job& job) {
    std::string answer;
    try {
      answer = answer_state(*job.from, job.number, job.question);
    } catch (const storage_fault& e) {
      answer = refuse_state(e.what());
    }
    job.reply(frame::of(frame_kind::state_answer, answer));
  };
  auto ask = [=](std::uint16_t shard, std::uint64_t history, std::uint32_t stale_ms,
                 const frame& query) -> frame {
    auto opened = query.open(frame_kind::query);
    if (!opened) return query_result_of(opened.error());
    try {
      auto snapshot = store->snapshot();
      shard_memory kept(*memory, shard_id(shard), epoch(history));
      return frame::of(frame_kind::query_result, applier::answer(*snapshot, shard_id(shard), epoch(history),
                                                                 *machines, *opened, stale_ms, &kept));
    } catch (const storage_fault& e) {
      return query_result_of({errc::corrupt, e.what()});
    } catch (const machine_fault& e) {
      return query_result_of({errc::corrupt, e.what()});
    } catch (const kj::Exception& e) {
      return query_result_of(
          {errc::invalid_argument,
           std::string("the query or a record cannot be decoded: ") + e.getDescription().cStr()});
    }
  };
  return {give, ask};
}

}  // namespace

caf::actor spawn_query_workers(caf::actor_system& system, std::size_t n, const kv& store,
                               const machine_set& machines) {
  auto memory = std::make_shared<query_memory>();
  return caf::actor_pool::make(
      system.dummy_execution_unit(), n,
      [&] { return system.spawn<caf::detached>(query_worker, &store, &machines, memory); },
      caf::actor_pool::round_robin());
}

}  // namespace troupe::storage
