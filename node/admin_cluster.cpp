#include "node/admin_cluster.hpp"

#include <sys/random.h>

#include <chrono>

#include "node/admin_reply.hpp"
#include "protocol/message.hpp"
#include "protocol/must.hpp"

namespace troupe::node {
namespace {

using reply_function = std::function<void(frame)>;
using cluster::cluster_map;

constexpr std::int64_t invitation_ms_default = 24LL * 3600 * 1000,
                       invitation_ms_max = 7 * invitation_ms_default;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string random_bytes(std::size_t n) {
  std::string out(n, '\0');
  must(::getrandom(out.data(), n, 0) == static_cast<ssize_t>(n), "the kernel gives random bits");
  return out;
}

node_id random_id() {
  auto bytes = random_bytes(8);
  std::uint64_t id = 0;
  for (unsigned char c : bytes) id = id << 8 | c;
  return node_id(id);
}

std::string text(capnp::Text::Reader t) { return std::string(view_of(t)); }

frame map_reply(cluster_map map) {
  for (auto& i : map.invitations) i.secret_hash.clear();
  capnp::MallocMessageBuilder message;
  write_map(map, message.initRoot<schema::AdminReply>().initClusterMap());
  return admin_reply_of(message);
}

membership::changed with_map(reply_function reply) {
  return [reply = std::move(reply)](const result<cluster_map>& now) {
    reply(now ? map_reply(*now) : admin_refusal(now.error()));
  };
}

frame done_reply_frame() {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::AdminReply>().setDone();
  return admin_reply_of(message);
}

frame view_reply(const membership& member) {
  auto view = member.view();
  message_reader reader(*view);
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::AdminReply>().setCluster(reader.root<schema::ClusterView>());
  return admin_reply_of(message);
}

// By name or id.
result<node_id> find_node(const cluster_map& map, const std::string& name) {
  auto* n = map.find(std::string_view(name));
  if (n) return n->facts.id;
  std::string known;
  for (const auto& other : map.nodes)
    if (other.state != cluster::node_state::left) known += (known.empty() ? "" : ", ") + other.facts.name;
  return failure{.code = errc::not_found,
                 .detail = "there is no node \"" + name + "\" in the cluster; there are: " + known,
                 .field = "node"};
}

void invite(const cluster_sources& sources, schema::Invite::Reader said, const reply_function& reply) {
  if (!sources.make_invitation || !sources.hash_of_secret)
    return reply(admin_refusal({.code = errc::unsupported,
                                .detail = "this node runs alone: set cluster_listen and start it again"}));
  auto valid_ms = said.getValidMs() == 0 ? invitation_ms_default : said.getValidMs();
  if (valid_ms < 0 || valid_ms > invitation_ms_max)
    return reply(admin_refusal(
        {.code = errc::invalid_argument, .detail = "an invitation lasts at most 7 days", .field = "valid"}));
  invitation_wish wish{
      random_id(),
      text(said.getName()),
      text(said.getAddress()),
      cluster::hex_of(random_id()),
      random_bytes(32),
      now_us() + valid_ms * 1000,
      said.getOwnCertificates() ? invitation_wish::issued::by_asker : invitation_wish::issued::here};
  auto file = sources.make_invitation(wish);
  if (!file) return reply(admin_refusal(file.error()));
  sources.member->command(
      [&](schema::ClusterCommand::Builder c) {
        auto i = c.initInvite();
        i.setId(wish.id);
        i.setSecretHash(data_of(sources.hash_of_secret(wish.secret)));
        i.setNodeId(wish.node.value);
        i.setName(wish.name);
        i.setAddress(wish.address);
        i.setExpiresUs(wish.expires_us);
      },
      [reply, file = std::move(*file), wish](const result<cluster_map>& now) {
        if (!now) return reply(admin_refusal(now.error()));
        capnp::MallocMessageBuilder message;
        auto invited = message.initRoot<schema::AdminReply>().initInvited();
        invited.setFile(data_of(file));
        invited.setNodeId(wish.node.value);
        invited.setExpiresUs(wish.expires_us);
        reply(admin_reply_of(message));
      });
}

void drain(membership& member, schema::Drain::Reader said, const reply_function& reply) {
  auto node = find_node(member.map(), text(said.getNode()));
  if (!node) return reply(admin_refusal(node.error()));
  member.command(
      [&](schema::ClusterCommand::Builder c) {
        c.initDrain().setNode(node->value);
        c.getDrain().setCancel(said.getCancel());
      },
      with_map(reply));
}

void remove(membership& member, schema::Remove::Reader said, const reply_function& reply) {
  auto map = member.map();
  auto node = find_node(map, text(said.getNode()));
  if (!node) return reply(admin_refusal(node.error()));
  node_id successor;
  if (said.getSuccessor().size() != 0) {
    auto found = find_node(map, text(said.getSuccessor()));
    if (!found) return reply(admin_refusal(found.error()));
    successor = *found;
  }
  member.command(
      [&](schema::ClusterCommand::Builder c) {
        c.initRemove().setNode(node->value);
        c.getRemove().setSuccessor(successor.value);
      },
      with_map(reply));
}

void transfer(membership& member, schema::Transfer::Reader said, const reply_function& reply) {
  node_id to;
  if (said.getNode().size() != 0) {
    auto found = find_node(member.map(), text(said.getNode()));
    if (!found) return reply(admin_refusal(found.error()));
    to = *found;
  }
  member.transfer(shard_id(said.getShard()), to, [reply](const result<bool>& done) {
    reply(done ? done_reply_frame() : admin_refusal(done.error()));
  });
}

void fill(const backup_state& s, schema::BackupState::Builder out) {
  out.setFolder(s.folder);
  out.setRunning(s.running);
  out.setShardsDone(s.shards_done);
  out.setShards(s.shards);
  out.setBytes(s.bytes);
  if (s.failed) {
    auto failed = out.initFailed();
    failed.setCode(static_cast<std::uint16_t>(s.failed->code));
    failed.setDetail(s.failed->detail);
    failed.setField(s.failed->field);
  } else if (!s.running && !s.folder.empty()) {
    auto done = out.initDone();
    done.setFolder(s.folder);
    done.setBytes(s.bytes);
    done.setShards(s.shards);
    done.setDigest(cluster::hex_of(node_id(s.digest)));
  }
}

void back_up(const cluster_sources& sources, schema::AdminRequest::Reader request,
             const reply_function& reply) {
  if (!sources.saves)
    return reply(
        admin_refusal({.code = errc::unsupported, .detail = "this node cannot be backed up online"}));
  auto state = request.isBackup() ? sources.saves->begin(text(request.getBackup()))
                                  : result<backup_state>(sources.saves->state());
  if (!state) return reply(admin_refusal(state.error()));
  capnp::MallocMessageBuilder message;
  fill(*state, message.initRoot<schema::AdminReply>().initBackupState());
  reply(admin_reply_of(message));
}

}  // namespace

bool answer_about_cluster(const cluster_sources& sources, schema::AdminRequest::Reader request,
                          const reply_function& reply) {
  using wish = schema::AdminRequest;
  if (request.isBackup() || request.isBackupState()) {
    back_up(sources, request, reply);
    return true;
  }
  if (request.which() < wish::CLUSTER || request.which() > wish::TRANSFER || !sources.member) return false;
  auto& member = *sources.member;
  switch (request.which()) {
    case wish::CLUSTER: reply(view_reply(member)); return true;
    case wish::INVITE: invite(sources, request.getInvite(), reply); return true;
    case wish::DRAIN: drain(member, request.getDrain(), reply); return true;
    case wish::REMOVE: remove(member, request.getRemove(), reply); return true;
    case wish::CHANGE_SETTINGS:
      member.command([&](schema::ClusterCommand::Builder c) { c.setChange(request.getChangeSettings()); },
                     with_map(reply));
      return true;
    case wish::TRANSFER: transfer(member, request.getTransfer(), reply); return true;
    default: return false;
  }
}

}  // namespace troupe::node
