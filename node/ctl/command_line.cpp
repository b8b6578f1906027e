#include "node/ctl/command_line.hpp"

#include <kj/exception.h>
#include <CLI/CLI.hpp>

#include <functional>

#include "node/ctl/backup.hpp"
#include "node/ctl/cert.hpp"
#include "node/ctl/cluster.hpp"
#include "node/ctl/commands.hpp"
#include "node/ctl/completion.hpp"
#include "node/ctl/context.hpp"
#include "node/nearest.hpp"
#include "node/version.hpp"

namespace troupe::ctl {
namespace {

constexpr const char* examples =
    "\nExamples:\n"
    "  troupectl status                               the node on this machine\n"
    "  troupectl agents list --team research -o json\n"
    "  troupectl events tail --agent planner\n"
    "  troupectl keys create ci --role ingest\n"
    "  troupectl doctor\n"
    "  troupectl node invite b --address 10.0.0.6:7400 --out b.invitation\n"
    "  troupectl node replace b --with c\n"
    "  troupectl backup /backups/monday; troupectl restore /backups/monday --data-dir ./restored\n"
    "  troupectl --node 10.0.0.5:7401 --pki-dir ./pki shards\n"
    "  source <(troupectl completion bash)\n\n"
    "Exit codes: 0 ok, 1 refused, 2 usage, 3 unreachable, 10 unhealthy.\n"
    "Contexts: $XDG_CONFIG_HOME/troupe/config.toml with current = \"home\" and a table [contexts.home] of "
    "endpoint and\n"
    "pki_dir, or data_dir. pki_dir holds ca.pem, troupectl.pem and troupectl.key.\n";

struct parsed {
  wishes where;
  std::string output = "table";
  unsigned timeout_s = 10;
  std::function<exit_code(connection&, printer&)> command;
  std::function<exit_code(printer&, const node::environment&)> offline;
  std::string shell;  // of completion
  bool version = false;
};

// The tree of commands. 'p' and the option structs live as long as the app.
class command_tree {
 public:
  command_tree() {
    globals();
    app.require_subcommand(0, 1);
    app.footer(std::string(examples));
    leaf(app, "status", "Is the node ready, and how is it", status);
    cluster();
    agents();
    dashboards();
    auto* events = group(app, "events", "Events of agents");
    auto* tail = leaf(*events, "tail", "Events as they arrive",
                      [this](auto& n, auto& o) { return events_tail(n, o, tail_); });
    tail->add_option("--agent", tail_.agent, "Only this agent's")->type_name("ID");
    tail->add_option("--limit", tail_.limit, "End after so many")->type_name("N");
    keys();
    auto* config = group(app, "config", "Settings of the node");
    leaf(*config, "show", "Every setting and where it came from", config_show);
    auto* completion = app.add_subcommand("completion", "Shell completion: bash, zsh or fish");
    completion->fallthrough();
    completion->add_option("SHELL", p.shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  CLI::App app{"troupectl: look after the nodes of Troupe.", "troupectl"};
  parsed p;

  command_words words() const {
    command_words out;
    collect(app, "", out);
    out["completion"].insert(out["completion"].begin(), {"bash", "zsh", "fish"});
    return out;
  }

 private:
  void globals() {
    app.add_option("-o,--output", p.output, "table, json or yaml")
        ->check(CLI::IsMember({"table", "json", "yaml"}))
        ->envname("TROUPE_OUTPUT")
        ->type_name("FORMAT");
    app.add_option("--node,--endpoint", p.where.endpoint, "The node's admin_listen")->type_name("HOST:PORT");
    app.add_option("--pki-dir", p.where.pki_dir, "Folder with ca.pem, troupectl.pem, troupectl.key")
        ->type_name("FOLDER");
    app.add_option("--data-dir", p.where.data_dir, "Data directory of a node on this machine")
        ->type_name("FOLDER");
    app.add_option("--context", p.where.context, "A context of the configuration file")->type_name("NAME");
    app.add_option("--timeout", p.timeout_s, "Seconds to wait for an answer")
        ->check(CLI::Range(1U, 600U))
        ->type_name("S");
    app.add_flag("--version", p.version, "Print the version");
  }

  void cluster() {
    leaf(app, "nodes", "The nodes of the cluster", nodes);
    leaf(app, "shards", "The shards: where they are, who leads, who lags, faults", shards);
    leaf(app, "doctor", "What is wrong with the cluster, and what to do", doctor);
    auto* hand = leaf(app, "transfer", "Have a shard led by another node",
                      [this](auto& n, auto& o) { return transfer(n, o, transfer_); });
    hand->add_option("SHARD", transfer_.shard, "The shard's number")->required();
    hand->add_option("NODE", transfer_.node, "Name or id; any other voter when left out");
    auto* save =
        leaf(app, "backup", "Write all that the cluster holds to a folder on the node, while it runs",
             [this](auto& n, auto& o) { return backup(n, o, id_); });
    save->add_option("FOLDER", id_, "A folder that does not exist yet")->required();
    auto* back = offline(app, "restore", "Make the data directory of a new cluster from a backup",
                         [this](auto& o, auto&) { return restore(o, id_, p.where.data_dir); });
    back->add_option("FOLDER", id_, "The backup; name the new directory with --data-dir")->required();
    auto* whole = group(app, "cluster", "Settings of the cluster");
    leaf(*whole, "show", "Its settings", [](auto& n, auto& o) { return cluster_settings(n, o, {}); });
    for (const auto* name : {"init", "set"}) {
      auto* change = leaf(*whole, name, "Change its settings",
                          [this](auto& n, auto& o) { return cluster_settings(n, o, settings_); });
      change->add_option("--replicas", settings_.replicas, "Of each shard; 0: the number of nodes decides")
          ->check(CLI::Range(0, 7))
          ->type_name("N");
    }
    auto* moving = group(app, "rebalance", "Moving replicas and leaders so that loads are even");
    leaf(*moving, "pause", "Move nothing but off nodes that are drained", [](auto& n, auto& o) {
      return cluster_settings(n, o, {-1, "paused"});
    });
    leaf(*moving, "resume", "Move again", [](auto& n, auto& o) {
      return cluster_settings(n, o, {-1, "on"});
    });
    node();
    cert();
  }

  void cert() {
    auto* cert = group(app, "cert", "Certificates: a CA kept off the nodes, and what it signs");
    auto* init =
        offline(*cert, "init-ca", "Make a CA", [this](auto& o, auto&) { return cert_init_ca(o, cert_); });
    init->add_option("FOLDER", cert_.folder, "For ca.pem and ca.key")->required();
    auto* issue = group(*cert, "issue", "Sign certificates with the CA's key");
    auto* of_node = offline(*issue, "node", "A node's pki folder",
                            [this](auto& o, auto&) { return cert_issue_node(o, cert_); });
    of_node->add_option("--id", cert_.id, "Of a node that has one: to replace its certificates")
        ->type_name("ID");
    auto* of_admin = offline(*issue, "admin", "A folder for one more administrator's --pki-dir",
                             [this](auto& o, auto&) { return cert_issue_admin(o, cert_); });
    of_admin->add_option("NAME", cert_.name, "What nodes call them in their log")->required();
    for (auto* one : {of_node, of_admin}) {
      one->add_option("--ca", cert_.ca, "The folder with ca.pem and ca.key")->required()->type_name("FOLDER");
      one->add_option("--out", cert_.out, "The folder to write")->required()->type_name("FOLDER");
    }
    auto* list =
        offline(*cert, "list", "What is in a pki folder, and when it expires", [this](auto& o, auto& env) {
          cert_.where = p.where;
          return cert_list(o, cert_, env);
        });
    list->add_option("FOLDER", cert_.folder, "Without it, the one of the node on this machine");
  }

  void node() {
    auto* node = group(app, "node", "Inviting, draining, removing and replacing nodes");
    leaf(*node, "list", "The nodes of the cluster", nodes);
    auto* invite = leaf(*node, "invite", "Write an invitation, with which one new node can join",
                        [this](auto& n, auto& o) { return node_invite(n, o, invite_); });
    invite->add_option("NAME", invite_.name, "What the new node is called")->required();
    invite->add_option("--address", invite_.address, "Where the other nodes will reach it")
        ->required()
        ->type_name("HOST:PORT");
    invite->add_option("--out", invite_.out, "The file to write")->required()->type_name("FILE");
    invite->add_option("--ca", invite_.ca, "The folder with the CA's key, where no node has it")
        ->type_name("FOLDER");
    invite->add_option("--hours", invite_.valid_hours, "How long it is good, also 0.5 [24]")
        ->check(CLI::Range(0.0, 168.0))
        ->type_name("N");
    auto* join = offline(*node, "join", "Make the data directory of a new node from its invitation",
                         [this](auto& o, auto&) { return node_join(o, id_, p.where.data_dir); });
    join->add_option("INVITATION", id_, "The file; name the new directory with --data-dir")->required();
    auto* drain = leaf(*node, "drain", "Move all replicas and leaders off a node",
                       [this](auto& n, auto& o) { return node_drain(n, o, node_); });
    drain->add_option("NODE", node_.node, "Name or id")->required();
    drain->add_flag("--cancel", node_.cancel, "It stays, after all");
    auto* remove = leaf(*node, "remove", "Take a node out of the cluster, after moving what it holds",
                        [this](auto& n, auto& o) { return node_remove(n, o, node_); });
    remove->add_option("NODE", node_.node, "Name or id")->required();
    auto* replace = leaf(*node, "replace", "Put one node in the place of another, dead or not",
                         [this](auto& n, auto& o) { return node_remove(n, o, node_); });
    replace->add_option("NODE", node_.node, "The one that goes: name or id")->required();
    replace->add_option("--with", node_.with, "The one that takes its replicas: name or id")
        ->required()
        ->type_name("NODE");
  }

  void agents() {
    auto* agents = group(app, "agents", "Agents");
    auto* list =
        leaf(*agents, "list", "Agents by id", [this](auto& n, auto& o) { return agents_list(n, o, list_); });
    list->add_option("--team", list_.team, "Only this team's")->type_name("TEAM");
    list->add_option("--after", list_.after, "Begin after this id")->type_name("ID");
    list->add_option("--limit", list_.limit, "At most so many [100]")
        ->check(CLI::Range(1U, 1000U))
        ->type_name("N");
    list->add_option("--org", list_.org, "Organisation [default]")->type_name("ORG");
    auto* show = leaf(*agents, "show", "One agent",
                      [this](auto& n, auto& o) { return agents_show(n, o, list_.org, id_); });
    show->add_option("ID", id_, "The agent's id")->required();
    show->add_option("--org", list_.org, "Organisation [default]")->type_name("ORG");
  }

  void dashboards() {
    auto* dashboards = group(app, "dashboards", "Dashboards");
    auto* list = leaf(*dashboards, "list", "Dashboards by id, without their charts",
                      [this](auto& n, auto& o) { return dashboards_list(n, o, list_); });
    list->add_option("--text", list_.text, "Only with this in the title or the id")->type_name("TEXT");
    list->add_option("--after", list_.after, "Begin after this id")->type_name("ID");
    list->add_option("--limit", list_.limit, "At most so many [100]")
        ->check(CLI::Range(1U, 1000U))
        ->type_name("N");
    list->add_option("--org", list_.org, "Organisation [default]")->type_name("ORG");
    auto* show = leaf(*dashboards, "show", "One dashboard with its charts",
                      [this](auto& n, auto& o) { return dashboards_show(n, o, list_.org, id_); });
    show->add_option("ID", id_, "The dashboard's id")->required();
    show->add_option("--org", list_.org, "Organisation [default]")->type_name("ORG");
  }

  void keys() {
    auto* keys = group(app, "keys", "API keys");
    leaf(*keys, "list", "All keys, without their secrets", keys_list);
    auto* create = leaf(*keys, "create", "Make a key; it is shown once",
                        [this](auto& n, auto& o) { return keys_create(n, o, key_); });
    create->add_option("NAME,--name", key_.name, "What it is for")->required();
    create->add_option("--role", key_.role, "read, ingest or admin [read]")
        ->check(CLI::IsMember({"read", "ingest", "admin"}));
    create->add_option("--org", key_.org, "Organisation [default]")->type_name("ORG");
    create
        ->add_option("--max-connections", key_.max_connections,
                     "WebSockets and event streams at once, on all nodes; 0: no bound [0]")
        ->type_name("N");
    auto* revoke = leaf(*keys, "revoke", "End a key at once",
                        [this](auto& n, auto& o) { return keys_revoke(n, o, id_); });
    revoke->add_option("ID", id_, "The key's id, from keys list")->required();
  }

  CLI::App* group(CLI::App& under, const char* name, const char* help) {
    auto* g = under.add_subcommand(name, help);
    g->require_subcommand(1);
    g->fallthrough();
    return g;
  }

  template <class Command>
  CLI::App* leaf(CLI::App& under, const char* name, const char* help, Command run) {
    auto* l = under.add_subcommand(name, help);
    l->fallthrough();
    l->callback([this, run] { p.command = run; });
    return l;
  }

  // One that asks no node.
  template <class Command>
  CLI::App* offline(CLI::App& under, const char* name, const char* help, Command run) {
    auto* l = under.add_subcommand(name, help);
    l->fallthrough();
    l->callback([this, run] { p.offline = run; });
    return l;
  }

  static void collect(const CLI::App& at, const std::string& path, command_words& out) {
    auto& words = out[path];
    for (const auto* sub : at.get_subcommands([](const CLI::App*) { return true; })) {
      words.push_back(sub->get_name());
      collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), out);
    }
    for (const auto* option : at.get_options())
      for (const auto& name : option->get_lnames()) words.push_back("--" + name);
  }

  list_options list_;
  tail_options tail_;
  key_options key_;
  invite_options invite_;
  node_options node_;
  setting_options settings_;
  transfer_options transfer_;
  cert_options cert_;
  std::string id_;
};

output_format format_of(std::string_view name) {
  return name == "json" ? output_format::json : name == "yaml" ? output_format::yaml : output_format::table;
}

// The format that was asked for, even when the rest could not be parsed.
output_format format_in(std::span<const std::string> arguments, const node::environment& env) {
  auto found = env.find("TROUPE_OUTPUT");
  std::string_view name = found == env.end() ? "" : std::string_view(found->second);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view a = arguments[i];
    if ((a == "-o" || a == "--output") && i + 1 < arguments.size()) name = arguments[i + 1];
    if (a.starts_with("--output=")) name = a.substr(9);
    if (a.starts_with("-o") && a.size() > 2) name = a.substr(2);
  }
  return format_of(name);
}

// What CLI11 says of a command line it cannot take, with the nearest right word.
std::string usage_of(const command_tree& tree, const CLI::ParseError& e,
                     std::span<const std::string> arguments) {
  std::string text = e.what();
  std::vector<std::string> known;
  for (const auto& [path, words] : tree.words()) known.insert(known.end(), words.begin(), words.end());
  for (const auto& a : arguments) {
    auto word = a.substr(0, a.find('='));
    if (std::find(known.begin(), known.end(), word) != known.end() || text.find(word) == std::string::npos)
      continue;
    if (auto near = node::did_you_mean(word, known); !near.empty()) return text + near;
  }
  return text + ". See troupectl --help";
}

int run_parsed(const command_tree& tree, printer& out, const node::environment& env) {
  const auto& p = tree.p;
  if (p.offline) return p.offline(out, env);
  auto where = find_target(p.where, env);
  if (!where) {
    out.error(where.error());
    return where.error().code == errc::unavailable ? unreachable : usage;
  }
  try {
    auto node = connection::open(where->endpoint, where->identity(), std::chrono::seconds(p.timeout_s));
    if (!node) {
      out.error(node.error());
      return node.error().code == errc::unavailable ? unreachable : usage;
    }
    return p.command(**node, out);
  } catch (const kj::Exception& e) {
    out.error({.code = errc::corrupt,
               .detail = std::string("the node's answer could not be read: ") + e.getDescription().cStr()});
  } catch (const std::exception& e) {
    out.error({.code = errc::internal, .detail = e.what()});
  }
  return refused;
}

}  // namespace

int run(std::span<const std::string> arguments, const node::environment& env, const console& on) {
  command_tree tree;
  auto use = on.out_is == node::terminal::yes && !env.contains("NO_COLOR") ? colours::on : colours::off;
  printer early(on.out, on.err, format_in(arguments, env), use);
  try {
    tree.app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    const CLI::App* at = &tree.app;
    std::string path;
    while (!at->get_subcommands().empty()) {
      path += (path.empty() ? "" : " ") + at->get_name();
      at = at->get_subcommands().front();
    }
    on.out << at->help(path);
    return ok;
  } catch (const CLI::ParseError& e) {
    early.error({.code = errc::invalid_argument, .detail = usage_of(tree, e, arguments)});
    return usage;
  }
  if (tree.p.version) {
    on.out << "troupectl " << node::version_text() << '\n';
    return ok;
  }
  if (!tree.p.shell.empty()) {
    auto words = tree.words();
    on.out << (tree.p.shell == "bash"  ? bash_completion(words)
               : tree.p.shell == "zsh" ? zsh_completion(words)
                                       : fish_completion(words));
    return ok;
  }
  if (!tree.p.command && !tree.p.offline) {
    on.err << tree.app.help();
    return usage;
  }
  printer out(on.out, on.err, format_of(tree.p.output), use);
  return run_parsed(tree, out, env);
}

}  // namespace troupe::ctl
