#include "registration.hpp"

#include "agent_change.hpp"
#include "checks.hpp"
#include "protocol/limits.hpp"

namespace troupe::agents {

namespace {

using texts = capnp::List<capnp::Text>::Reader;

bool equal(texts a, texts b) {
  if (a.size() != b.size()) return false;
  for (unsigned i = 0; i < a.size(); ++i)
    if (view_of(a[i]) != view_of(b[i])) return false;
  return true;
}

// Both registering and updating are a list of fields to set: each of these changes one, and says if it did.
bool set_name(schema::Agent::Builder agent, capnp::Text::Reader name) {
  if (view_of(agent.asReader().getName()) == view_of(name)) return false;
  agent.setName(name);
  return true;
}

bool set_team(schema::Agent::Builder agent, capnp::Text::Reader team) {
  if (view_of(agent.asReader().getTeam()) == view_of(team)) return false;
  agent.setTeam(team);
  return true;
}

bool set_tags(schema::Agent::Builder agent, texts tags) {
  if (equal(agent.asReader().getTags(), tags)) return false;
  agent.setTags(tags);
  return true;
}

bool set_capabilities(schema::Agent::Builder agent, texts capabilities) {
  if (equal(agent.asReader().getCapabilities(), capabilities)) return false;
  agent.setCapabilities(capabilities);
  return true;
}

bool set_metadata(schema::Agent::Builder agent, capnp::Text::Reader metadata) {
  if (view_of(agent.asReader().getMetadata()) == view_of(metadata)) return false;
  agent.setMetadata(metadata);
  return true;
}

template <class Said>
checks check_fields(Said said) {
  checks check;
  check.id("id", said.getId())
      .text("name", said.getName(), limits::id_bytes_max)
      .text("team", said.getTeam(), limits::id_bytes_max)
      .names("tags", said.getTags())
      .names("capabilities", said.getCapabilities())
      .text("metadata", said.getMetadata(), limits::attributes_bytes_max);
  return check;
}

}  // namespace

std::int64_t lease_us(std::int64_t lease_ms) {
  return 1000 * (lease_ms == 0 ? limits::lease_ms_default : lease_ms);
}

outcome register_agent(const view& before, schema::Command::Reader command, const stamp& at) {
  auto said = command.getBody().getRegisterAgent();
  if (auto wrong = check_fields(said).complaint()) return {{}, *wrong, {}};
  agent_change change(before, command.getOrg(), said.getId(), at);
  auto agent = change.agent();
  bool differs = !agent.getDeclared();
  agent.setDeclared(true);
  // An agent that starts again and says only its id must not wipe out what is known of it.
  if (said.getName().size() > 0) differs |= set_name(agent, said.getName());
  if (said.getTeam().size() > 0) differs |= set_team(agent, said.getTeam());
  if (said.getTags().size() > 0) differs |= set_tags(agent, said.getTags());
  if (said.getCapabilities().size() > 0) differs |= set_capabilities(agent, said.getCapabilities());
  if (said.getMetadata().size() > 0) differs |= set_metadata(agent, said.getMetadata());
  if (differs) change.renew();
  change.touch();
  outcome out;
  change.write(out);
  out.reply = change.reply();
  return out;
}

outcome update_agent(const view& before, schema::Command::Reader command, const stamp& at) {
  auto said = command.getBody().getUpdateAgent();
  if (auto wrong = check_fields(said).complaint()) return {{}, *wrong, {}};
  agent_change change(before, command.getOrg(), said.getId(), at);
  auto id = std::string(view_of(said.getId()));
  if (!change.known())
    return {{}, refusal(errc::not_found, "there is no agent '" + id + "': register it first", "id"), {}};
  auto agent = change.agent();
  if (said.getIfVersion() != 0 && said.getIfVersion() != agent.getVersion())
    return {{},
            refusal(errc::version_mismatch,
                    "agent '" + id + "' is at version " + std::to_string(agent.getVersion()) + ", not " +
                        std::to_string(said.getIfVersion()) + ": read it again and repeat the change"),
            {}};
  bool differs = false;
  if (said.getSetName()) differs |= set_name(agent, said.getName());
  if (said.getSetTeam()) differs |= set_team(agent, said.getTeam());
  if (said.getSetTags()) differs |= set_tags(agent, said.getTags());
  if (said.getSetCapabilities()) differs |= set_capabilities(agent, said.getCapabilities());
  if (said.getSetMetadata()) differs |= set_metadata(agent, said.getMetadata());
  outcome out;
  if (differs) {
    change.renew();
    change.write(out);
  }
  out.reply = change.reply();
  return out;
}

outcome heartbeat(const view& before, schema::Command::Reader command, const stamp& at) {
  auto said = command.getBody().getHeartbeat();
  checks check;
  check.id("id", said.getAgentId())
      .range_or_zero("lease_ms", said.getLeaseMs(), limits::lease_ms_min, limits::lease_ms_max, " ms")
      .text("status", said.getStatus(), limits::id_bytes_max);
  if (auto wrong = check.complaint()) return {{}, *wrong, {}};
  agent_change change(before, command.getOrg(), said.getAgentId(), at);
  change.touch();
  change.activity().setLeaseUntilUs(at.time_us + lease_us(said.getLeaseMs()));
  change.activity().setReportedStatus(said.getStatus());
  outcome out;
  change.write(out);
  out.reply = change.reply();
  return out;
}

}  // namespace troupe::agents
