#include "machine.hpp"

#include <vector>

#include "keys.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::token_limits {

namespace {

using body = schema::Command::Body;
using limit_reader = schema::TokenLimit::Reader;

constexpr std::uint16_t permille_max = 1'000;

outcome refused(errc code, const std::string& detail, std::string_view field) {
  return {{}, refusal(code, detail, field), {}};
}

std::vector<limit_reader> limits_of(message_reader* record) {
  std::vector<limit_reader> all;
  if (record)
    for (auto l : record->root<schema::TokenLimits>().getLimits()) all.push_back(l);
  return all;
}

std::string encode(const std::vector<limit_reader>& all) {
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<schema::TokenLimits>().initLimits(static_cast<unsigned>(all.size()));
  for (unsigned i = 0; i < list.size(); ++i) list.setWithCaveats(i, all[i]);
  return to_bytes(message);
}

std::optional<outcome> complaint(limit_reader said) {
  auto id = view_of(said.getId()), key = view_of(said.getKey());
  if (id.empty() || id.size() > limits::id_bytes_max)
    return refused(errc::invalid_argument, "id has 1 to 256 bytes", "id");
  if (said.getScope() > schema::LimitScope::AGENT || said.getPeriod() > schema::LimitPeriod::MONTH)
    return refused(errc::invalid_argument, "this scope or period is not known", "scope");
  bool whole = said.getScope() == schema::LimitScope::ORG;
  if (whole != key.empty() || key.size() > limits::id_bytes_max)
    return refused(errc::invalid_argument, "key names the team or agent, and nothing for an organisation",
                   "key");
  if (said.getCostNanoUsd() < 0 || said.getTokens() < 0 ||
      (said.getCostNanoUsd() == 0) == (said.getTokens() == 0))
    return refused(errc::invalid_argument, "give one of cost_usd and tokens, more than 0", "cost_usd");
  if (said.getWarnAtPermille() == 0 || said.getWarnAtPermille() > permille_max)
    return refused(errc::invalid_argument, "warn_at is more than 0 and at most 1", "warn_at");
  return {};
}

std::string fact_of(capnp::Text::Reader org, limit_reader changed) {
  capnp::MallocMessageBuilder message;
  auto fact = message.initRoot<schema::Fact>();
  fact.setOrg(org);
  fact.setTokenLimitChanged(changed);
  return to_bytes(message);
}

outcome set(const view& before, schema::Command::Reader command, const stamp& at) {
  auto said = command.getBody().getSetTokenLimit();
  if (auto wrong = complaint(said)) return std::move(*wrong);
  auto key = token_limits_key(view_of(command.getOrg()));
  std::optional<message_reader> record;
  if (auto bytes = before.get(family::state, key)) record.emplace(*bytes);
  auto all = limits_of(record ? &*record : nullptr);
  capnp::MallocMessageBuilder own;
  own.setRoot(said);
  auto limit = own.getRoot<schema::TokenLimit>();
  limit.setOrg(command.getOrg());
  limit.setUpdatedUs(at.time_us);
  limit.setUpdatedBy(command.getPrincipal());
  auto place = all.begin();
  while (place != all.end() && view_of(place->getId()) < view_of(said.getId())) ++place;
  if (place != all.end() && view_of(place->getId()) == view_of(said.getId()))
    *place = limit.asReader();
  else if (all.size() >= limits::token_limits_max)
    return refused(errc::conflict, "there are 256 limits: remove one first", "id");
  else
    all.insert(place, limit.asReader());
  outcome out;
  out.changes.put_kept(family::state, key, encode(all));
  out.facts.push_back(fact_of(command.getOrg(), limit.asReader()));
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Reply>().setTokenLimit(limit.asReader());
  out.reply = to_bytes(message);
  return out;
}

outcome remove(const view& before, schema::Command::Reader command) {
  auto id = view_of(command.getBody().getRemoveTokenLimit());
  auto key = token_limits_key(view_of(command.getOrg()));
  std::optional<message_reader> record;
  if (auto bytes = before.get(family::state, key)) record.emplace(*bytes);
  auto all = limits_of(record ? &*record : nullptr);
  for (auto it = all.begin(); it != all.end(); ++it) {
    if (view_of(it->getId()) != id) continue;
    outcome out;
    out.facts.push_back(fact_of(command.getOrg(), *it));
    all.erase(it);
    out.changes.put_kept(family::state, key, encode(all));
    out.reply = done_reply();
    return out;
  }
  return refused(errc::not_found, "there is no limit with the id '" + std::string(id) + "'", "id");
}

}  // namespace

bool token_limit_machine::handles(body::Which command) const {
  return command == body::SET_TOKEN_LIMIT || command == body::REMOVE_TOKEN_LIMIT;
}

void token_limit_machine::reads(schema::Command::Reader command, const stamp&, read_set& keys) const {
  keys.add(family::state, token_limits_key(view_of(command.getOrg())));
}

outcome token_limit_machine::apply(const view& before, schema::Command::Reader command,
                                   const stamp& at) const {
  if (command.getOrg().size() == 0)
    return refused(errc::invalid_argument, "org is empty: a limit belongs to an organisation", "org");
  return command.getBody().isSetTokenLimit() ? set(before, command, at) : remove(before, command);
}

}  // namespace troupe::token_limits
