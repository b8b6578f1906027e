#include "node/settings.hpp"

#include <algorithm>
#include <array>

namespace troupe::node {
namespace {

using enum setting_type;

constexpr std::array of_the_node{
    setting{"config", path, "",
            "The TOML file to read. Without it troupe.toml in data_dir is read, if it is there. "
            "Not a key of the "
            "file itself"},
    setting{"data_dir", path, "$XDG_DATA_HOME/troupe",
            "Where everything is kept. XDG_DATA_HOME is ~/.local/share unless set; without a home "
            "it is "
            "./.troupe-data"},
    setting{"http_listen", address, "127.0.0.1:8080",
            "REST, SSE, WebSocket, the page, and OTLP as well. Port 0 picks a free port; the log "
            "says which"},
    setting{"otlp_listen", address_or_off, "127.0.0.1:4318",
            "OTLP over HTTP at the port OpenTelemetry SDKs use by themselves"},
    setting{"ops_listen", address_or_off, "127.0.0.1:9464",
            "/metrics, /livez and /readyz, without a key: keep it on loopback or a private network"},
    setting{"cluster_listen", address_or_off, "off",
            "Node to node, always mutual TLS with certificates of the cluster's own CA. Off: the node runs "
            "alone"},
    setting{
        "cluster_advertise", text, "",
        "host:port at which the other nodes reach cluster_listen. Without it cluster_listen itself is told"},
    setting{
        "join", path, "",
        "An invitation that troupectl node invite wrote on a node of the cluster: an empty data directory "
        "joins with it. Not read again afterwards"},
    setting{"node_name", text, "", "What people call this node. Without it the machine's name"},
    setting{"zone", text, "",
            "Where this node stands: a rack, a room, a site. Replicas of a shard are spread over zones"},
    setting{"admin_listen", address_or_off, "127.0.0.1:7401",
            "For troupectl, always mutual TLS with the certificates in data_dir/pki"},
    setting{"insecure_listen", toggle, "false",
            "Allows http_listen, otlp_listen and ops_listen beyond loopback without TLS. Set it "
            "when a proxy in "
            "front ends TLS, or the network is private"},
    setting{.name = "admin_key",
            .type = text,
            .fallback = "",
            .help = "First start only: the admin key to create, 32 to 256 characters. Without it one is "
                    "generated "
                    "and shown once. Prefer the environment: flags are seen by every user of the machine",
            .shown = secrecy::secret},
    setting{"log_format", choice, "auto",
            "human, json (one object a line), or auto: human on a terminal, else json", "auto|human|json"},
    setting{"log_level", choice, "info", "The least important lines that are written",
            "trace|debug|info|warn|error"},
    setting{"web_root", path, "",
            "The folder with the page's files. Without it the node looks beside its own program"},
    setting{"price_table", path, "", "A JSON file of model prices that replaces the built-in one"},
    setting{.name = "io_threads",
            .type = number,
            .fallback = "0",
            .help = "Threads for client connections; 0: one per core",
            .most = 256},
    setting{.name = "actor_threads",
            .type = number,
            .fallback = "0",
            .help = "Threads for actors; 0: one per core, at least 2",
            .most = 256},
    setting{.name = "shards",
            .type = number,
            .fallback = "16",
            .help = "How many shards a new data directory gets, the system shard included. Fixed "
                    "from then on",
            .least = 2,
            .most = 1024},
    setting{"cors_origins", list, "",
            "Origins whose pages may call the API, for example https://ops.example.org; * for any. "
            "Closed by "
            "default"},
    setting{.name = "drain_seconds",
            .type = number,
            .fallback = "10",
            .help = "After SIGTERM: how long open requests and streams get to end",
            .most = 3600},
    setting{.name = "digest_every_seconds",
            .type = number,
            .fallback = "600",
            .help = "In a cluster: how often the replicas of a shard compare what they hold, at most; 0: "
                    "never. They read it slowly",
            .most = 1'000'000},
};

constexpr std::array of_the_edge{
    setting{.name = "connections_max",
            .type = number,
            .fallback = "20000",
            .help = "Client connections at once; more get 503. Never more than the descriptors that the "
                    "system grants, less some for the node's own files",
            .least = 16,
            .most = 1'000'000},
    setting{.name = "connections_per_address_max",
            .type = number,
            .fallback = "0",
            .help =
                "Client connections at once from one address; 0: as many as there may be in all. Behind a "
                "proxy all have the proxy's address",
            .most = 1'000'000},
    setting{.name = "http_in_flight_mb",
            .type = number,
            .fallback = "256",
            .help = "Megabytes of request bodies and answers in memory at once; more get 503",
            .least = 1,
            .most = 1'000'000},
    setting{.name = "http_queue_target_ms",
            .type = number,
            .fallback = "5",
            .help = "While requests take longer than this, and twice as long as on an idle node, fewer "
                    "are let in at once and the excess gets 503 with Retry-After",
            .least = 1,
            .most = 60'000},
    setting{.name = "http_head_ms",
            .type = number,
            .fallback = "10000",
            .help = "How long the head of a request may take to arrive; later it gets 408",
            .least = 50,
            .most = 3'600'000},
    setting{.name = "http_body_stall_ms",
            .type = number,
            .fallback = "15000",
            .help = "How long the sender of a body may pause; the whole body has eight times as long",
            .least = 50,
            .most = 3'600'000},
    setting{.name = "http_write_stall_ms",
            .type = number,
            .fallback = "30000",
            .help =
                "How long the reader of an answer may pause; the whole answer has four times as long, and "
                "more when it is large",
            .least = 50,
            .most = 3'600'000},
    setting{.name = "http_idle_ms",
            .type = number,
            .fallback = "75000",
            .help = "How long a connection is kept between two requests",
            .least = 50,
            .most = 3'600'000},
    setting{"socket_compression", choice, "off",
            "on: a WebSocket whose client offers permessage-deflate gets its pushes compressed, each once "
            "for all of "
            "them. For readers far away; on a fast network it costs more than it spares",
            "off|on"},
};

template <std::size_t A, std::size_t B>
constexpr std::array<setting, A + B> joined(const std::array<setting, A>& a,
                                            const std::array<setting, B>& b) {
  std::array<setting, A + B> out{};
  std::copy(a.begin(), a.end(), out.begin());
  std::copy(b.begin(), b.end(), out.begin() + A);
  return out;
}
constexpr auto table = joined(of_the_node, of_the_edge);

std::string upper(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

}  // namespace

std::span<const setting> all_settings() { return table; }

const setting* find_setting(std::string_view name) {
  auto found = std::find_if(table.begin(), table.end(), [&](auto& s) { return s.name == name; });
  return found == table.end() ? nullptr : &*found;
}

std::string flag_of(const setting& s) {
  std::string flag(s.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return "--" + flag;
}

std::string environment_of(const setting& s) { return "TROUPE_" + upper(s.name); }

std::string_view type_name(const setting& s) {
  switch (s.type) {
    case text: return "text";
    case path: return "path";
    case address: return "host:port";
    case address_or_off: return "host:port, or off";
    case number: return "number";
    case toggle: return "true or false";
    case choice: return s.choices;
    case list: return "list";
  }
  return "text";
}

std::string settings_markdown() {
  std::string out =
      "# Settings of trouped\n\n"
      "Each is a flag, an environment variable and a TOML key; the first of these that names it "
      "wins, then the default.\n"
      "`trouped --print-config` shows every value and where it came from. An unknown name is an "
      "error.\n"
      "The TOML file is `troupe.toml` in the data directory, or the one that `--config` names.\n"
      "This page is written from the table in `node/settings.cpp`; a test compares them.\n\n"
      "| key | flag | environment | value | default | what it does |\n"
      "|---|---|---|---|---|---|\n";
  for (const auto& s : all_settings()) {
    std::string value(type_name(s));
    for (std::size_t at = 0; (at = value.find('|', at)) != std::string::npos; at += 4)
      value.replace(at, 1, ", ");
    std::string fallback = s.fallback.empty() ? "" : "`" + std::string(s.fallback) + "`";
    out += "| " + (s.name == "config" ? std::string() : "`" + std::string(s.name) + "`") + " | `" +
           flag_of(s) + "` | `" + environment_of(s) + "` | " + value + " | " + fallback + " | " +
           std::string(s.help) + " |\n";
  }
  out +=
      "\n## Memory and disk\n\n"
      "A node at rest takes about 35 MiB. Under load it adds what waits to be flushed to tables (32 MiB, "
      "about twice that while a flush runs), the cache of tables (64 MiB, their indexes and filters "
      "included), what the insight queries keep of past hours (at most 96 MiB, nothing until somebody asks), "
      "what each shard has applied and not handed over (at most 1 MiB of 16 shards each), and "
      "what clients have under way. It does not grow with the data. Writes are refused with 507 while less "
      "than 128 MiB of the disk are free, so that what is in memory can always be written.\n";
  return out;
}

}  // namespace troupe::node
