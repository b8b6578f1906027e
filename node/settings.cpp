#include "node/settings.hpp"

#include <algorithm>
#include <array>

namespace troupe::node {
namespace {

using enum setting_type;

constexpr std::array table{
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
            "Node to node, always mutual TLS. This version runs single nodes, so it must be off"},
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
};

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
  return out;
}

}  // namespace troupe::node
