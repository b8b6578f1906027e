#include "machine.hpp"

#include "keys.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::api_keys {

namespace {

using body = schema::Command::Body;

constexpr std::size_t secret_hash_bytes = 32;

outcome refused(errc code, const std::string& detail, std::string_view field) {
  return {{}, refusal(code, detail, field), {}};
}

std::string reply_of(schema::ApiKey::Reader key) {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Reply>().setApiKey(key);
  return to_bytes(message);
}

outcome changed(capnp::Text::Reader org, capnp::MallocMessageBuilder& record) {
  auto key = record.getRoot<schema::ApiKey>().asReader();
  outcome out;
  out.changes.put_kept(family::state, api_key_key(view_of(org), view_of(key.getId())), to_bytes(record));
  capnp::MallocMessageBuilder message;
  auto fact = message.initRoot<schema::Fact>();
  fact.setOrg(org);
  fact.setApiKeyChanged(key);
  out.facts.push_back(to_bytes(message));
  out.reply = reply_of(key);
  return out;
}

outcome create(const view& before, schema::Command::Reader command, const stamp& at) {
  auto said = command.getBody().getCreateApiKey();
  auto id = view_of(said.getId());
  if (command.getOrg().size() == 0)
    return refused(errc::invalid_argument, "org is empty: a key belongs to an organisation", "org");
  if (id.empty() || id.size() > limits::id_bytes_max)
    return refused(errc::invalid_argument, "id is empty or too long", "id");
  if (said.getName().size() == 0 || said.getName().size() > limits::id_bytes_max)
    return refused(errc::invalid_argument,
                   "name must have 1 to " + std::to_string(limits::id_bytes_max) + " bytes", "name");
  if (said.getRole() > schema::Role::ADMIN)
    return refused(errc::invalid_argument, "this role is not known: give read, ingest or admin", "role");
  if (said.getMaxConnections() > limits::key_connections_max)
    return refused(
        errc::invalid_argument,
        "max_connections is at most " + std::to_string(limits::key_connections_max) + "; 0: no bound",
        "max_connections");
  if (said.getSecretHash().size() != secret_hash_bytes)
    return refused(errc::invalid_argument, "the hash of the secret must have 32 bytes", "secret_hash");
  if (before.get(family::state, api_key_key(view_of(command.getOrg()), id)))
    return refused(errc::conflict, "there is a key with the id '" + std::string(id) + "': choose another",
                   "id");
  capnp::MallocMessageBuilder record;
  auto key = record.initRoot<schema::ApiKey>();
  key.setId(said.getId());
  key.setOrg(command.getOrg());
  key.setName(said.getName());
  key.setRole(said.getRole());
  key.setSecretHash(said.getSecretHash());
  key.setMaxConnections(said.getMaxConnections());
  key.setCreatedUs(at.time_us);
  key.setCreatedBy(command.getPrincipal());
  return changed(command.getOrg(), record);
}

outcome revoke(const view& before, schema::Command::Reader command, const stamp& at) {
  auto id = view_of(command.getBody().getRevokeApiKey().getId());
  auto bytes = before.get(family::state, api_key_key(view_of(command.getOrg()), id));
  if (!bytes) return refused(errc::not_found, "there is no key with the id '" + std::string(id) + "'", "id");
  message_reader old(*bytes);
  auto known = old.root<schema::ApiKey>();
  if (known.getRevokedUs() != 0) return {{}, reply_of(known), {}};
  capnp::MallocMessageBuilder record;
  record.setRoot(known);
  record.getRoot<schema::ApiKey>().setRevokedUs(at.time_us);
  return changed(command.getOrg(), record);
}

}  // namespace

bool api_key_machine::handles(body::Which command) const {
  return command == body::CREATE_API_KEY || command == body::REVOKE_API_KEY;
}

void api_key_machine::reads(schema::Command::Reader command, const stamp&, read_set& keys) const {
  auto named = command.getBody();
  auto id = named.isCreateApiKey() ? named.getCreateApiKey().getId() : named.getRevokeApiKey().getId();
  keys.add(family::state, api_key_key(view_of(command.getOrg()), view_of(id)));
}

outcome api_key_machine::apply(const view& before, schema::Command::Reader command, const stamp& at) const {
  return command.getBody().isCreateApiKey() ? create(before, command, at) : revoke(before, command, at);
}

}  // namespace troupe::api_keys
