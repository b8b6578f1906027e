// API keys: who am I, listing, making, revoking. They live in the system shard.
#include "http/routes/all_routes.hpp"
#include "http/routes/common_docs.hpp"
#include "http/routes/json_writer.hpp"
#include "http/routes/parameters.hpp"
#include "http/routes/records_json.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

void whoami(const request_ptr& r, const responder& back) {
  std::string out;
  object_writer w(out);
  w.text("org", r->who.org)
      .text("role", to_string(r->who.is))
      .text("key_id", r->who.key_id)
      .text("name", r->who.name);
  w.end();
  back(response::json(std::move(out)));
}

void list_keys(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {});
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  query_builder query(r->who.org);
  query->setListApiKeys();
  run_query(api, *r, back, system_shard, query.bytes(), [](schema::QueryResult::Reader found) {
    std::string items;
    if (found.isApiKeys()) {
      for (auto k : found.getApiKeys()) {
        if (!items.empty()) items += ',';
        write_key_json(k, items);
      }
    }
    return response::json(concat({"{\"items\":[", items, "],\"next_cursor\":null}"}));
  });
}

void create_key(api_context& api, const request_ptr& r, const responder& back) {
  body_fields f(*r);
  auto name = f.text("name", limits::id_bytes_max, body_fields::need::required);
  auto wanted = f.text("role", 16, body_fields::need::required).value_or("");
  auto is = wanted == "admin" ? role::admin : wanted == "ingest" ? role::ingest : role::read;
  if (to_string(is) != wanted) f.refuse("role", "is one of 'admin', 'ingest' and 'read'");
  auto connections = f.integer("max_connections", 0, limits::key_connections_max);
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  auto minted = mint_key();
  command_builder command(*r);
  auto body = command.body().initCreateApiKey();
  body.setId(minted.id);
  body.setName(*name);
  body.setRole(schema_role(is));
  body.setMaxConnections(static_cast<std::uint32_t>(connections.value_or(0)));
  body.setSecretHash(capnp::Data::Reader(minted.hash.data(), minted.hash.size()));
  run_command(api, back, system_shard, command.bytes(), [&api, minted](schema::Reply::Reader reply) {
    auto key = reply.getApiKey();
    api.keys.put(key);
    std::string out;
    write_key_json(key, out);
    // A repeated request by its Idempotency-Key gets the first one's record; its secret is not known here any more.
    if (view_of(key.getId()) == minted.id) {
      out.pop_back();
      out += concat({",\"key\":\"", minted.text, "\"}"});
    }
    auto answer = response::json(std::move(out), 201);
    answer.with("Location", concat({"/api/v2/keys/", view_of(key.getId())}));
    return answer;
  });
}

void revoke_key(api_context& api, const request_ptr& r, const responder& back) {
  command_builder command(*r);
  command.body().initRevokeApiKey().setId(r->captures.at(0));
  run_command(api, back, system_shard, command.bytes(), [&api](schema::Reply::Reader reply) {
    if (reply.isApiKey()) api.keys.put(reply.getApiKey());
    return response::empty(204);
  });
}

}  // namespace

void add_key_routes(api_context& api, std::vector<route>& to) {
  auto bound = [&api](auto f) {
    return [&api, f](const request_ptr& r, const responder& back) { f(api, r, back); };
  };
  to.push_back({verb::get,
                "/api/v2/whoami",
                permission::any_key,
                whoami,
                {"whoami",
                 "Keys",
                 "Whose key this is",
                 "The organisation and the role of the key that was sent.",
                 {},
                 {},
                 {{200, "The key.", {{"application/json", "Whoami", {}}}}}}});
  to.push_back({verb::get,
                "/api/v2/keys",
                permission::admin,
                bound(list_keys),
                {"listKeys",
                 "Keys",
                 "List the keys of the organisation",
                 "Without their secrets; revoked ones too.",
                 {docs::consistency},
                 {},
                 {{200, "All keys.", {{"application/json", "KeyList", {}}}}}}});
  to.push_back({verb::post,
                "/api/v2/keys",
                permission::admin,
                bound(create_key),
                {"createKey",
                 "Keys",
                 "Make a key",
                 "The key itself is in this answer and nowhere else. With `max_connections` it has so many "
                 "WebSockets and "
                 "event streams at once at most, on all nodes together: one more is refused with 429.",
                 {},
                 {{"application/json", "KeyInput", R"({"name":"collector","role":"ingest"})"}},
                 {{201, "The key.", {{"application/json", "CreatedKey", {}}}}}}});
  to.push_back({verb::erase,
                "/api/v2/keys/{id}",
                permission::admin,
                bound(revoke_key),
                {"revokeKey",
                 "Keys",
                 "Revoke a key",
                 "Its sockets are closed within a second.",
                 {{"id", "path", docs::id, "The key."}},
                 {},
                 {{204, "It is revoked.", {}}}}});
}

}  // namespace troupe::http
