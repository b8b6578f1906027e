#include "node/admin.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>
#include <caf/event_based_actor.hpp>
#include <caf/openssl/publish.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <boost/json.hpp>
#include <map>
#include <set>

#include "http/auth/key_text.hpp"
#include "node/admin_reply.hpp"
#include "node/admin_tail.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "storage/data_dir.hpp"

namespace troupe::node {
namespace {

using done_atom = caf::atom_constant<caf::atom("done")>;
constexpr std::string_view default_org = "default", principal = "admin";
constexpr std::size_t open_requests_max = 256;
constexpr std::size_t tails_max = 64;

struct admin_state {
  admin_sources sources;
  std::map<std::uint64_t, caf::response_promise> open;
  std::set<caf::actor> tails;
  std::uint64_t next = 0;
  bool stopping = false;
};

using admin_actor = caf::stateful_actor<admin_state>;

// Answers a request later, from any thread: the promise itself stays with the actor.
class later {
 public:
  explicit later(admin_actor* self) : handle_(self), id_(++self->state.next) {
    self->state.open.emplace(id_, self->make_response_promise());
  }
  void answer(frame f) const { caf::anon_send(handle_, done_atom::value, id_, std::move(f)); }

 private:
  caf::actor handle_;
  std::uint64_t id_;
};

std::string encoded_command(std::string_view org, const std::function<void(schema::Command::Builder)>& fill) {
  capnp::MallocMessageBuilder message;
  auto command = message.initRoot<schema::Command>();
  command.setOrg(std::string(org));
  command.setPrincipal(std::string(principal));
  fill(command);
  return to_bytes(message);
}

std::string encoded_query(const std::function<void(schema::Query::Builder)>& fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::Query>());
  return to_bytes(message);
}

// Runs 'use' on the reply of a command; refusals and failures are passed on.
template <class Use>
frame with_reply(const result<std::string>& reply, Use use) {
  if (!reply) return admin_refusal(reply.error());
  try {
    message_reader reader(*reply);
    auto root = reader.root<schema::Reply>();
    if (root.isRefused()) {
      capnp::MallocMessageBuilder message;
      message.initRoot<schema::AdminReply>().setRefused(root.getRefused());
      return admin_reply_of(message);
    }
    return use(root);
  } catch (const kj::Exception& e) {
    return admin_refusal({.code = errc::corrupt, .detail = e.getDescription().cStr()});
  }
}

void answer_shards(admin_actor* self) {
  later reply(self);
  auto& actors = *self->state.sources.actors;
  auto shards = actors.entity_shards();
  shards.insert(shards.begin(), system_shard);
  auto query = encoded_query([](auto q) { q.setStatus(); });
  actors.query_each(std::move(shards), std::move(query), consistency::local, [reply](auto results) {
    reply.answer(results ? admin_shards(*results) : admin_refusal(results.error()));
  });
}

void answer_query(admin_actor* self, schema::Query::Reader query) {
  later reply(self);
  auto& actors = *self->state.sources.actors;
  capnp::MallocMessageBuilder copy;
  copy.setRoot(query);
  actors.query_each(shards_of(query, actors), to_bytes(copy), consistency::linearizable,
                    [reply](auto results) {
                      reply.answer(results ? admin_results(*results) : admin_refusal(results.error()));
                    });
}

void create_key(admin_actor* self, schema::CreateKey::Reader wish) {
  later reply(self);
  auto key = http::mint_key();
  auto org = wish.getOrg().size() == 0 ? default_org : view_of(wish.getOrg());
  auto command = encoded_command(org, [&](schema::Command::Builder c) {
    auto create = c.getBody().initCreateApiKey();
    create.setId(key.id);
    create.setName(wish.getName());
    create.setRole(wish.getRole());
    create.setMaxConnections(wish.getMaxConnections());
    create.setSecretHash(data_of({reinterpret_cast<const char*>(key.hash.data()), key.hash.size()}));
  });
  self->state.sources.actors->command(
      system_shard, std::move(command), [reply, secret = key.text](const result<std::string>& r) {
        reply.answer(with_reply(r, [&](schema::Reply::Reader root) {
          capnp::MallocMessageBuilder message;
          auto created = message.initRoot<schema::AdminReply>().initKeyCreated();
          created.setKey(root.getApiKey());
          created.getKey().setSecretHash(nullptr);
          created.setSecret(secret);
          return admin_reply_of(message);
        }));
      });
}

// The organisation of a key, from the list of all keys.
result<std::string> org_of_key(const result<std::string>& listed, std::string_view id) {
  if (!listed) return listed.error();
  try {
    message_reader reader(*listed);
    auto root = reader.root<schema::QueryResult>();
    if (root.isApiKeys())
      for (auto key : root.getApiKeys())
        if (view_of(key.getId()) == id) return std::string(view_of(key.getOrg()));
  } catch (const kj::Exception& e) {
    return failure{.code = errc::corrupt, .detail = e.getDescription().cStr()};
  }
  return failure{.code = errc::not_found, .detail = "there is no key with the id " + std::string(id)};
}

void revoke_key(admin_actor* self, std::string id) {
  later reply(self);
  auto* actors = self->state.sources.actors;
  auto all = encoded_query([](auto q) { q.setListApiKeys(); });
  actors->query(system_shard, std::move(all), consistency::linearizable,
                [reply, actors, id](const result<std::string>& listed) {
                  auto org = org_of_key(listed, id);
                  if (!org) return reply.answer(admin_refusal(org.error()));
                  auto command = encoded_command(
                      *org, [&](schema::Command::Builder c) { c.getBody().initRevokeApiKey().setId(id); });
                  actors->command(system_shard, std::move(command), [reply](const result<std::string>& r) {
                    reply.answer(with_reply(r, [](schema::Reply::Reader) {
                      capnp::MallocMessageBuilder message;
                      message.initRoot<schema::AdminReply>().setDone();
                      return admin_reply_of(message);
                    }));
                  });
                });
}

void start_tail(admin_actor* self, std::string agent) {
  auto reader = caf::actor_cast<caf::actor>(self->current_sender());
  auto tail = spawn_tail(*self, std::move(reader), std::move(agent), *self->state.sources.actors);
  self->monitor(tail);
  self->state.tails.insert(tail);
}

void answer_about_cluster(admin_actor* self, schema::AdminRequest::Reader request) {
  later reply(self);
  bool known = node::answer_about_cluster(self->state.sources.cluster, request,
                                          [reply](frame f) { reply.answer(std::move(f)); });
  if (!known)
    reply.answer(admin_refusal({.code = errc::unsupported,
                                .detail = "this node does not know the request: is it older "
                                          "than troupectl?"}));
}

// Answers at once, or keeps the promise for later and returns nothing.
std::optional<frame> handle(admin_actor* self, schema::AdminRequest::Reader request) {
  capnp::MallocMessageBuilder message;
  switch (request.which()) {
    case schema::AdminRequest::PING:
      message.initRoot<schema::AdminReply>().setDone();
      return admin_reply_of(message);
    case schema::AdminRequest::STATUS:
      self->state.sources.status(message.initRoot<schema::AdminReply>().initStatus());
      return admin_reply_of(message);
    case schema::AdminRequest::CONFIG: return admin_settings(self->state.sources.settings);
    case schema::AdminRequest::SHARDS: answer_shards(self); return std::nullopt;
    case schema::AdminRequest::QUERY: answer_query(self, request.getQuery()); return std::nullopt;
    case schema::AdminRequest::CREATE_KEY: create_key(self, request.getCreateKey()); return std::nullopt;
    case schema::AdminRequest::REVOKE_KEY:
      revoke_key(self, std::string(view_of(request.getRevokeKey())));
      return std::nullopt;
    case schema::AdminRequest::TAIL:
      if (self->state.tails.size() >= tails_max)
        return admin_refusal({.code = errc::overloaded,
                              .detail = "this node has " + std::to_string(tails_max) +
                                        " readers of events already: end one, or ask another node"});
      start_tail(self, std::string(view_of(request.getTail())));
      message.initRoot<schema::AdminReply>().setDone();
      return admin_reply_of(message);
    default: answer_about_cluster(self, request); return std::nullopt;
  }
  return std::nullopt;
}

caf::result<frame> answer(admin_actor* self, const frame& request) {
  auto payload = request.open(frame_kind::admin_request);
  if (!payload) return admin_refusal(payload.error());
  if (!self->current_sender()) return admin_refusal({.code = errc::invalid_argument, .detail = "no sender"});
  if (self->state.open.size() >= open_requests_max)
    return admin_refusal({.code = errc::overloaded, .detail = "too many admin requests at once"});
  try {
    message_reader reader(*payload);
    auto now = handle(self, reader.root<schema::AdminRequest>());
    if (now) return *now;
    return caf::response_promise{};
  } catch (const kj::Exception& e) {
    return admin_refusal({.code = errc::invalid_argument, .detail = e.getDescription().cStr()});
  }
}

caf::behavior admin(admin_actor* self, const std::shared_ptr<admin_sources>& sources) {
  self->state.sources = std::move(*sources);
  // Ends after its tails: once it is gone nothing of it uses the client any more.
  self->set_exit_handler([self](caf::exit_msg&) {
    if (self->state.tails.empty()) return self->quit();
    self->state.stopping = true;
    for (const auto& t : self->state.tails) self->send_exit(t, caf::exit_reason::user_shutdown);
  });
  self->set_down_handler([self](caf::down_msg& d) {
    auto& s = self->state;
    std::erase_if(s.tails, [&](const caf::actor& t) { return t.address() == d.source; });
    if (s.stopping && s.tails.empty()) self->quit();
  });
  return {[self](const frame& request) { return answer(self, request); },
          [self](done_atom, std::uint64_t id, const frame& reply) {
            auto found = self->state.open.find(id);
            if (found == self->state.open.end()) return;
            found->second.deliver(reply);
            self->state.open.erase(found);
          }};
}

}  // namespace

caf::actor spawn_admin(caf::actor_system& system, admin_sources sources) {
  return system.spawn(admin, std::make_shared<admin_sources>(std::move(sources)));
}

result<listen_address> publish_admin(const caf::actor& admin, const listen_address& where) {
  auto port = caf::openssl::publish(admin, where.port, where.host.c_str(), true);
  if (!port)
    return failure{.code = errc::unavailable,
                   .detail = "admin_listen: cannot listen on " + where.text() + ": " +
                             admin->home_system().render(port.error()) +
                             ". Is another node running? Choose another address, or port 0"};
  return listen_address{where.host, *port};
}

result<bool> write_admin_file(const std::filesystem::path& data_dir, const listen_address& where,
                              std::string_view node) {
  auto folder = data_dir / "run";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return failure{.code = errc::forbidden,
                   .detail = folder.string() + " cannot be made: " + error.message()};
  boost::json::object o{{"address", where.text()},
                        {"node", boost::json::string_view(node.data(), node.size())},
                        {"pid", ::getpid()}};
  return storage::write_file_atomically(folder / "admin.json", boost::json::serialize(o) + "\n", 0600);
}

}  // namespace troupe::node
