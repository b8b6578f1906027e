#include "node/first_key.hpp"

#include <future>
#include <thread>

#include "http/auth/key_text.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"

namespace troupe::node {
namespace {

using clock = std::chrono::steady_clock;

// The answer of an asynchronous call; what passes by itself is tried again until the deadline.
result<std::string> wait_for(const std::function<void(client::answer)>& call, clock::time_point deadline) {
  for (;;) {
    // Shared: an answer that comes after the deadline still has somewhere to go.
    auto promise = std::make_shared<std::promise<result<std::string>>>();
    auto future = promise->get_future();
    call([promise](result<std::string> r) { promise->set_value(std::move(r)); });
    if (future.wait_until(deadline) != std::future_status::ready)
      return failure{.code = errc::timed_out, .detail = "the system shard does not answer"};
    auto answer = future.get();
    if (answer) return answer;
    auto code = answer.error().code;
    bool passes = code == errc::unavailable || code == errc::not_leader || code == errc::overloaded;
    if (!passes || clock::now() > deadline) return answer;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

result<bool> any_key(client& actors, clock::time_point deadline) {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Query>().setListApiKeys();
  auto query = to_bytes(message);
  auto answer = wait_for(
      [&](client::answer done) {
        actors.query(system_shard, query, consistency::linearizable, std::move(done));
      },
      deadline);
  if (!answer) return answer.error();
  message_reader reader(*answer);
  auto root = reader.root<schema::QueryResult>();
  if (root.isRefused())
    return failure{.code = static_cast<errc>(root.getRefused().getCode()),
                   .detail = std::string(view_of(root.getRefused().getDetail()))};
  return root.isApiKeys() && root.getApiKeys().size() > 0;
}

}  // namespace

result<first_key> ensure_admin_key(client& actors, const std::string& wished,
                                   std::chrono::milliseconds deadline) {
  auto until = clock::now() + deadline;
  auto exists = any_key(actors, until);
  if (!exists) return exists.error();
  if (*exists) return first_key{};
  auto key = http::mint_key();
  if (!wished.empty()) {
    key.id = http::mint_key_id();
    key.text = wished;
    key.hash = http::hash_key(wished);
  }
  capnp::MallocMessageBuilder message;
  auto command = message.initRoot<schema::Command>();
  command.setOrg("default");
  command.setPrincipal("node");
  auto create = command.getBody().initCreateApiKey();
  create.setId(key.id);
  create.setName("admin");
  create.setRole(schema::Role::ADMIN);
  create.setSecretHash(data_of({reinterpret_cast<const char*>(key.hash.data()), key.hash.size()}));
  auto bytes = to_bytes(message);
  auto answer =
      wait_for([&](client::answer done) { actors.command(system_shard, bytes, std::move(done)); }, until);
  if (!answer) return answer.error();
  message_reader reader(*answer);
  auto root = reader.root<schema::Reply>();
  if (root.isRefused())
    return failure{.code = static_cast<errc>(root.getRefused().getCode()),
                   .detail = std::string(view_of(root.getRefused().getDetail()))};
  return first_key{wished.empty() ? key_origin::drawn : key_origin::given, key.text};
}

}  // namespace troupe::node
