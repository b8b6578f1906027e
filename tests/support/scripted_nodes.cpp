#include "tests/support/scripted_nodes.hpp"

#include <caf/all.hpp>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "storage/shard_client.hpp"

namespace troupe::test {

namespace {

using namespace storage;

class scripted_shard final : public caf::event_based_actor {
 public:
  scripted_shard(caf::actor_config& cfg, node_id self, std::shared_ptr<scripted_state> state)
      : caf::event_based_actor(cfg), self_(self), state_(std::move(state)) {
    set_default_handler(caf::drop);
  }

 protected:
  caf::behavior make_behavior() override {
    return {
        [this](frame& f) { return command(f); },
        [this](read_atom, frame&) { return answer(); },
        [this](peek_atom, frame&) { return answer(); },
        [](stop_atom) { return stop_atom::value; },
    };
  }

 private:
  caf::result<frame> command(const frame& f) {
    auto promise = make_response_promise();
    std::lock_guard lock(state_->mutex);
    ++state_->asked;
    if (state_->leader != self_) {
      promise.deliver(reply_of({errc::not_leader, "not this one"}));
      return promise;
    }
    auto payload = f.open(frame_kind::command);
    message_reader reader(payload.value());
    std::string key(view_of(reader.root<schema::Command>().getIdempotencyKey()));
    auto known = state_->remembered.find(key);
    if (key.empty() || known == state_->remembered.end()) {
      state_->applied.emplace_back(*payload);
      capnp::MallocMessageBuilder message;
      message.initRoot<schema::Reply>().setIndex(state_->applied.size());
      message.getRoot<schema::Reply>().setDone();
      known = state_->remembered.insert_or_assign(key, to_bytes(message)).first;
    }
    if (state_->swallow_answers > 0) {
      --state_->swallow_answers;
      swallowed_.push_back(promise);
      return promise;
    }
    if (state_->lose_answers > 0) {
      --state_->lose_answers;
      promise.deliver(reply_of({errc::timed_out, "leadership changed"}));
      return promise;
    }
    promise.deliver(frame::of(frame_kind::reply, known->second));
    return promise;
  }

  frame answer() {
    std::lock_guard lock(state_->mutex);
    if (state_->leader != self_) return query_result_of({errc::not_leader, "not this one"});
    capnp::MallocMessageBuilder message;
    auto found = message.initRoot<schema::QueryResult>();
    found.setReadIndex(state_->applied.size());
    found.setPosition();
    return frame::of(frame_kind::query_result, to_bytes(message));
  }

  const node_id self_;
  std::shared_ptr<scripted_state> state_;
  std::vector<caf::response_promise> swallowed_;
};

}  // namespace

scripted_nodes::scripted_nodes(std::uint16_t nodes) {
  config_.set("scheduler.max-threads", 2u);
  system_ = std::make_unique<caf::actor_system>(config_);
  for (std::uint16_t i = 1; i <= nodes; ++i) {
    auto& one = nodes_[node_id(i)] = std::make_unique<stack>();
    one->directory = std::make_unique<shard_directory>(1);
    one->shards = {system_->spawn<scripted_shard>(node_id(i), state_)};
    auto& peers = net_.join(node_id(i));
    one->actors = std::make_unique<runtime>(*system_, one->shards, epoch(7), &peers, one->directory.get());
  }
  for (auto& [id, one] : nodes_) one->directory->learn_voters(shard_id(0), generation(1), all());
  for (auto& [id, one] : nodes_) net_.start(id);
}

scripted_nodes::~scripted_nodes() {
  for (auto& [id, one] : nodes_) net_.leave(id);
  for (auto& [id, one] : nodes_) {
    one->actors.reset();
    for (auto& s : one->shards) caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
    one->shards.clear();
  }
  system_->await_all_actors_done();
}

std::vector<node_id> scripted_nodes::all() const {
  std::vector<node_id> ids;
  for (auto& [id, one] : nodes_) ids.push_back(id);
  return ids;
}

void scripted_nodes::lead(node_id leader, const std::vector<node_id>& told) {
  {
    std::lock_guard lock(state_->mutex);
    state_->leader = leader;
  }
  ++term_;
  for (auto node : told) directory(node).learn_leader(shard_id(0), generation(1), term(term_), leader);
}

std::future<result<std::string>> scripted_nodes::command(node_id at_node, std::string bytes) {
  auto answer = std::make_shared<std::promise<result<std::string>>>();
  auto future = answer->get_future();
  at(at_node).command(shard_id(0), std::move(bytes),
                      [answer](result<std::string> r) { answer->set_value(std::move(r)); });
  return future;
}

}  // namespace troupe::test
