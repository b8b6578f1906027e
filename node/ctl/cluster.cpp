#include "node/ctl/cluster.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "actors/cluster/map.hpp"
#include "actors/cluster/placement.hpp"
#include "http/ingest/time_text.hpp"
#include "http/routes/cluster_json.hpp"
#include "http/routes/context.hpp"
#include "node/cluster/invitation.hpp"
#include "node/ctl/ask.hpp"
#include "node/ctl/records.hpp"
#include "protocol/message.hpp"
#include "storage/data_dir.hpp"

namespace troupe::ctl {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

using request_builder = schema::AdminRequest::Builder;
using reply_reader = schema::AdminReply::Reader;

json::object cluster_of(schema::ClusterView::Reader view) {
  std::string out;
  http::write_cluster_json(view, out);
  return json::parse(out).as_object();
}

std::string_view text_of(const json::value& v) {
  return v.is_string() ? std::string_view(v.as_string().data(), v.as_string().size()) : std::string_view{};
}

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

json::string to_text(std::string_view s) { return json::string(s.data(), s.size()); }

// By id: what people call the nodes.
std::string name_of(const json::object& cluster, const json::value& id) {
  for (const auto& n : cluster.at("nodes").as_array())
    if (n.at("id") == id) return std::string(text_of(n.at("name")));
  return std::string(text_of(id));
}

std::string self_of(const json::object& cluster) {
  for (const auto& n : cluster.at("nodes").as_array())
    if (n.at("is_self").as_bool()) return std::string(text_of(n.at("id")));
  return {};
}

// Adds what is only here for people: names, the largest lag, and the part of the node that was asked.
void complete_shard(const json::object& cluster, const std::string& self, json::object& s) {
  json::array names;
  std::int64_t lag = 0;
  json::value role("vacant"), applied(nullptr), fault(nullptr);
  for (const auto& r : s.at("replicas").as_array()) {
    names.push_back(to_text(name_of(cluster, r.at("node"))));
    if (r.at("lag").is_int64()) lag = std::max(lag, r.at("lag").as_int64());
    if (!r.at("fault").is_null()) fault = r.at("fault");
    if (text_of(r.at("node")) != self) continue;
    role = r.at("role");
    applied = r.at("applied_index");
  }
  // A copy: the new member may move the others.
  json::value id = s.at("id");
  s["shard"] = std::move(id);
  s["leader_name"] =
      s.at("leader").is_null() ? json::value(nullptr) : to_text(name_of(cluster, s.at("leader")));
  s["voters"] = std::move(names);
  s["lag"] = lag;
  s["role"] = std::move(role);
  s["applied_index"] = std::move(applied);
  s["fault"] = std::move(fault);
}

exit_code show_shards(printer& out, const json::object& cluster) {
  auto self = self_of(cluster);
  json::array items = cluster.at("shards").as_array();
  auto health = ok;
  for (auto& item : items) {
    complete_shard(cluster, self, item.as_object());
    auto state = text_of(item.at("state"));
    if (state == "no_leader" || state == "no_majority" || !item.at("fault").is_null()) health = unhealthy;
  }
  show_items(out, std::move(items),
             {{"SHARD", "shard"},
              {"STATE", "state"},
              {"GENERATION", "generation"},
              {"LEADER", "leader_name"},
              {"VOTERS", "voters"},
              {"TERM", "term"},
              {"COMMIT", "commit_index"},
              {"LAG", "lag"},
              {"EVENTS", "last_seq"},
              {"FAULT", "fault"}});
  return health;
}

// Of the node alone: before it knows the map.
exit_code own_shards(connection& node, printer& out) {
  return with_reply(
      node, out, [](request_builder r) { r.setShards(); },
      [&](reply_reader reply) {
        json::array items;
        auto health = ok;
        for (auto s : reply.getShards()) {
          items.push_back(shard_json(s));
          if (s.getFault().size() || !s.getLeader()) health = unhealthy;
        }
        show_items(out, std::move(items),
                   {{"SHARD", "shard"},
                    {"ROLE", "role"},
                    {"TERM", "term"},
                    {"COMMIT", "commit_index"},
                    {"APPLIED", "applied_index"},
                    {"LOG", "last_index"},
                    {"EVENTS", "last_seq"},
                    {"FAULT", "fault"}});
        return health;
      });
}

exit_code with_cluster(connection& node, printer& out, const std::function<exit_code(reply_reader)>& use) {
  return with_reply(
      node, out, [](request_builder r) { r.setCluster(); }, use);
}

json::value node_json(const cluster::cluster_node& n) {
  bool leaving = n.state == cluster::node_state::draining && n.then == cluster::after_drain::leave;
  return json::object{{"node", to_text(n.facts.name)},
                      {"id", to_text(cluster::hex_of(n.facts.id))},
                      {"state", to_text(leaving ? std::string_view("removing") : to_string(n.state))}};
}

std::uint32_t copies_with(const cluster::cluster_map& map, std::size_t more_nodes) {
  auto active = std::count_if(map.nodes.begin(), map.nodes.end(),
                              [](const auto& n) { return n.state == cluster::node_state::active; });
  return cluster::replicas_wanted(map.replicas, static_cast<std::size_t>(active) + more_nodes);
}

// What became of a node that was named.
exit_code show_node(printer& out, reply_reader reply, const std::string& named, std::string_view note) {
  auto map = cluster::read_map(reply.getClusterMap());
  const cluster::cluster_node* found = map.find(std::string_view(named));
  // Who has left has no name any more.
  for (const auto& n : map.nodes)
    if (!found && (n.facts.name == named || cluster::hex_of(n.facts.id) == named)) found = &n;
  if (!found) return failed(out, {.code = errc::not_found, .detail = "there is no node " + named});
  auto v = node_json(*found);
  auto copies = copies_with(map, 0);
  v.as_object()["copies_of_each_shard"] = copies;
  out.show(v, v, {});
  if (found->state != cluster::node_state::left && !note.empty()) out.note(note);
  bool leaves = found->state == cluster::node_state::draining || found->state == cluster::node_state::left;
  if (leaves && copies < copies_with(map, 1))
    out.note("Without it each shard has " + std::to_string(copies) + (copies == 1 ? " copy" : " copies") +
             ", not " + std::to_string(copies_with(map, 1)) +
             ": invite another node, say how many there are to be (troupectl cluster set --replicas N), or "
             "take it "
             "back (troupectl node drain --cancel).");
  return ok;
}

result<std::string> certified(std::string_view invitation, node_id id, const fs::path& ca) {
  auto issued = node::issue_pki(ca, id, now_s());
  if (!issued) return issued.error();
  return node::with_certificates(invitation, *issued);
}

}  // namespace

exit_code nodes(connection& node, printer& out) {
  return with_cluster(node, out, [&](reply_reader reply) {
    auto cluster = cluster_of(reply.getCluster());
    auto health = ok;
    for (const auto& n : cluster.at("nodes").as_array())
      if (text_of(n.at("state")) != "joining" && !n.at("connected").as_bool()) health = unhealthy;
    show_items(out, cluster.at("nodes").as_array(),
               {{"NODE", "name"},
                {"ID", "id"},
                {"STATE", "state"},
                {"CONNECTED", "connected"},
                {"READY", "ready"},
                {"ZONE", "zone"},
                {"ADDRESS", "address"},
                {"VERSION", "version"},
                {"LEADS", "leaders"},
                {"REPLICAS", "replicas"},
                {"LAST SEEN", "last_seen"}});
    for (const auto& i : cluster.at("invitations").as_array())
      out.note("invited: " + std::string(text_of(i.at("name"))) + ", until " +
               std::string(text_of(i.at("expires_at"))));
    return health;
  });
}

exit_code shards(connection& node, printer& out) {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::AdminRequest>().setCluster();
  auto reply = node.ask(to_bytes(message));
  if (!reply && reply.error().code == errc::unsupported) return own_shards(node, out);
  if (!reply) return failed(out, reply.error());
  message_reader reader(*reply);
  auto view = reader.root<schema::AdminReply>().getCluster();
  if (view.getMap().getShards().size() == 0) return own_shards(node, out);
  return show_shards(out, cluster_of(view));
}

exit_code doctor(connection& node, printer& out) {
  return with_cluster(node, out, [&](reply_reader reply) {
    json::array problems;
    for (auto p : reply.getCluster().getProblems())
      problems.push_back(
          json::object{{"severity", p.getSeverity() == schema::Severity::ERROR ? "error" : "warning"},
                       {"what", to_text(view_of(p.getWhat()))},
                       {"advice", to_text(view_of(p.getAdvice()))}});
    bool well = problems.empty();
    json::value rows(problems);
    json::value whole(json::object{{"healthy", well}, {"problems", std::move(problems)}});
    if (well) out.note("Nothing is wrong.");
    if (!well || out.format() != output_format::table)
      out.show(whole, rows, {{"SEVERITY", "severity"}, {"WHAT", "what"}, {"WHAT TO DO", "advice"}});
    return well ? ok : unhealthy;
  });
}

exit_code cluster_settings(connection& node, printer& out, const setting_options& options) {
  bool changes = options.replicas >= 0 || !options.rebalancing.empty();
  if (changes) {
    auto fill = [&](request_builder r) {
      auto change = r.initChangeSettings();
      change.setSetReplicas(options.replicas >= 0);
      change.setReplicas(options.replicas >= 0 ? static_cast<std::uint32_t>(options.replicas) : 0);
      change.setSetRebalancing(!options.rebalancing.empty());
      change.setRebalancing(options.rebalancing == "paused" ? schema::Rebalancing::PAUSED
                                                            : schema::Rebalancing::ON);
    };
    auto done = with_reply(node, out, fill, [](reply_reader) { return ok; });
    if (done != ok) return done;
  }
  return with_cluster(node, out, [&](reply_reader reply) {
    auto cluster = cluster_of(reply.getCluster());
    auto replicas = cluster.at("replicas_setting");
    // What was just set may not be in the view yet.
    if (options.replicas >= 0) replicas = options.replicas;
    if (replicas == 0) replicas = "automatic";
    json::value v(json::object{
        {"cluster", cluster.at("cluster_id")},
        {"level", cluster.at("level")},
        {"nodes", cluster.at("nodes").as_array().size()},
        {"shards", cluster.at("shards").as_array().size()},
        {"replicas", replicas},
        {"rebalancing", options.rebalancing.empty() ? cluster.at("rebalancing")
                                                    : json::value(to_text(options.rebalancing))}});
    out.show(v, v, {});
    return ok;
  });
}

exit_code node_invite(connection& node, printer& out, const invite_options& options) {
  std::error_code error;
  if (fs::exists(options.out, error))
    return failed(out, {.code = errc::conflict, .detail = options.out + " exists: name another file"});
  auto fill = [&](request_builder r) {
    auto invite = r.initInvite();
    invite.setName(options.name);
    invite.setAddress(options.address);
    constexpr double hour_ms = 3600 * 1000;
    invite.setValidMs(std::max<std::int64_t>(std::llround(options.valid_hours * hour_ms), 1));
    invite.setOwnCertificates(!options.ca.empty());
  };
  return with_reply(node, out, fill, [&](reply_reader reply) {
    auto invited = reply.getInvited();
    auto file = result<std::string>(std::string(view_of(invited.getFile())));
    if (!options.ca.empty()) file = certified(*file, node_id(invited.getNodeId()), options.ca);
    if (!file) return failed(out, file.error());
    auto written = storage::write_file_atomically(options.out, *file, 0600);
    if (!written) return failed(out, written.error());
    std::string until;
    ingest::write_rfc3339(invited.getExpiresUs(), until);
    json::value v(json::object{{"node", to_text(options.name)},
                               {"id", to_text(cluster::hex_of(node_id(invited.getNodeId())))},
                               {"invitation", to_text(options.out)},
                               {"expires_at", to_text(until)}});
    out.show(v, v, {});
    out.note("Bring the file to the new machine and start there: trouped --join " + options.out +
             " --cluster-listen ADDRESS. It holds a key: delete it afterwards.");
    return ok;
  });
}

exit_code node_join(printer& out, const std::string& file, const std::string& data_dir) {
  namespace fs = std::filesystem;
  if (data_dir.empty()) {
    out.error({.code = errc::invalid_argument,
               .detail = "name the new data directory with --data-dir",
               .field = "--data-dir"});
    return usage;
  }
  auto invited = node::load_invitation(file);
  if (!invited) return failed(out, invited.error());
  std::string until;
  ingest::write_rfc3339(invited->expires_us, until);
  if (invited->expires_us <= http::now_us())
    return failed(out, {.code = errc::conflict,
                        .detail = file + " was good until " + until +
                                  ": have another one made (troupectl node invite)"});
  std::error_code error;
  fs::create_directories(data_dir, error);
  if (error)
    return failed(out, {.code = errc::invalid_argument, .detail = data_dir + ": " + error.message()});
  if (auto unused = storage::check_unused(data_dir); !unused) return failed(out, unused.error());
  auto written =
      storage::write_file_atomically(node::waiting_invitation(data_dir), node::to_text(*invited), 0600);
  if (!written) return failed(out, written.error());
  json::value v(json::object{{"data_dir", to_text(data_dir)},
                             {"cluster", to_text(invited->cluster)},
                             {"id", to_text(cluster::hex_of(invited->node))},
                             {"expires_at", to_text(until)}});
  out.show(v, v, {});
  out.note("Start it: trouped --data-dir " + data_dir + " --cluster-listen ADDRESS");
  return ok;
}

exit_code node_drain(connection& node, printer& out, const node_options& options) {
  auto fill = [&](request_builder r) {
    r.initDrain().setNode(options.node);
    r.getDrain().setCancel(options.cancel);
  };
  return with_reply(node, out, fill, [&](reply_reader reply) {
    return show_node(out, reply, options.node,
                     options.cancel ? "" : "It is empty when troupectl nodes shows no replicas there.");
  });
}

exit_code node_remove(connection& node, printer& out, const node_options& options) {
  auto fill = [&](request_builder r) {
    r.initRemove().setNode(options.node);
    r.getRemove().setSuccessor(options.with);
  };
  return with_reply(node, out, fill, [&](reply_reader reply) {
    return show_node(out, reply, options.node,
                     "It leaves as soon as its replicas are elsewhere: troupectl nodes");
  });
}

exit_code transfer(connection& node, printer& out, const transfer_options& options) {
  auto fill = [&](request_builder r) {
    r.initTransfer().setShard(options.shard);
    r.getTransfer().setNode(options.node);
  };
  return with_reply(node, out, fill, [&](reply_reader) {
    json::value v(
        json::object{{"shard", options.shard},
                     {"leader", options.node.empty() ? json::value(nullptr) : to_text(options.node)},
                     {"status", "handed over"}});
    out.show(v, v, {});
    return ok;
  });
}

}  // namespace troupe::ctl
