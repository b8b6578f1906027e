#include "http/files/static_files.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "http/server/content_coding.hpp"
#include "http/server/problem.hpp"
#include "http/server/text.hpp"
#include "protocol/envelope.hpp"

namespace troupe::http {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t file_bytes_max = 32ULL * 1024 * 1024;
constexpr std::size_t pack_bytes_min = 1024;
constexpr int small_level = 6;

constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

struct media {
  std::string_view ending, type;
};
constexpr std::array<media, 15> media_types{{{".html", "text/html; charset=utf-8"},
                                             {".js", "text/javascript; charset=utf-8"},
                                             {".mjs", "text/javascript; charset=utf-8"},
                                             {".css", "text/css; charset=utf-8"},
                                             {".json", "application/json"},
                                             {".map", "application/json"},
                                             {".webmanifest", "application/manifest+json"},
                                             {".txt", "text/plain; charset=utf-8"},
                                             {".svg", "image/svg+xml"},
                                             {".png", "image/png"},
                                             {".jpg", "image/jpeg"},
                                             {".webp", "image/webp"},
                                             {".ico", "image/x-icon"},
                                             {".woff2", "font/woff2"},
                                             {".wasm", "application/wasm"}}};

std::string_view type_of(std::string_view path) {
  for (const auto& m : media_types) {
    if (path.ends_with(m.ending)) return m.type;
  }
  return "application/octet-stream";
}

std::shared_ptr<const std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return nullptr;
  return std::make_shared<const std::string>(std::istreambuf_iterator<char>(in),
                                             std::istreambuf_iterator<char>());
}

}  // namespace

static_files::static_files(const std::string& root) {
  if (root.empty()) return;
  try {
    load(root);
  } catch (const fs::filesystem_error& e) {
    spdlog::warn("http: the page's files cannot be read: {}", e.what());
  }
}

void static_files::load(const std::string& root) {
  auto base = fs::canonical(root);
  for (const auto& entry : fs::recursive_directory_iterator(base)) {
    auto relative = entry.path().lexically_relative(base).generic_string();
    bool hidden = relative.starts_with('.') || relative.find("/.") != std::string::npos;
    if (hidden || entry.is_symlink() || !entry.is_regular_file() || entry.file_size() > file_bytes_max ||
        relative.ends_with(".gz") || relative.ends_with(".br")) {
      continue;
    }
    auto made = std::make_unique<file>();
    made->plain = read_file(entry.path());
    if (!made->plain) continue;
    made->gzip = read_file(entry.path().string() + ".gz");
    made->brotli = read_file(entry.path().string() + ".br");
    made->content_type = type_of(relative);
    made->etag = concat({"\"", std::to_string(checksum64(*made->plain)), "\""});
    made->hashed_name = relative.starts_with("assets/");
    files_["/" + relative] = std::move(made);
  }
}

response static_files::serve(file& f, const request& r) {
  std::call_once(f.packed, [&f] {
    if (!f.gzip && is_packable(f.content_type) && f.plain->size() >= pack_bytes_min) {
      if (auto smaller = gzip(*f.plain, small_level))
        f.gzip = std::make_shared<const std::string>(std::move(*smaller));
    }
  });
  response out;
  out.with("ETag", f.etag)
      .with("Vary", "Accept-Encoding")
      .with("Cache-Control",
            f.hashed_name ? "public, max-age=31536000, immutable" : "public, max-age=0, must-revalidate")
      .with("Content-Security-Policy", page_policy);
  auto known = r.field("If-None-Match");
  if (!known.empty() && (known == "*" || known.find(f.etag) != std::string_view::npos)) {
    out.status = 304;
    return out;
  }
  out.content_type = f.content_type;
  auto encodings = r.field("Accept-Encoding");
  if (f.brotli && accepts(encodings, "br")) {
    out.with("Content-Encoding", "br");
    out.shared_body = f.brotli;
  } else if (f.gzip && accepts(encodings, "gzip")) {
    out.with("Content-Encoding", "gzip");
    out.shared_body = f.gzip;
  } else {
    out.shared_body = f.plain;
  }
  return out;
}

response static_files::answer(const request& r) {
  const auto& path = r.where.path;
  auto found = files_.find(path == "/" ? std::string_view("/index.html") : std::string_view(path));
  // A name of a dashboard may have a dot in it, as names of files have.
  bool named = path.find('.') == std::string::npos || path.starts_with("/dashboards/");
  bool is_view = named && r.field("Accept").find("text/html") != std::string_view::npos;
  if (found == files_.end() && is_view) found = files_.find("/index.html");
  if (found == files_.end()) return status_problem(404, "There is nothing at this path.");
  return serve(*found->second, r);
}

}  // namespace troupe::http
