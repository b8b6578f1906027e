#include "storage/data_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "protocol/envelope.hpp"
#include "protocol/uuid.hpp"

namespace troupe::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view id_file = "troupe.id";
constexpr std::string_view lock_file = "troupe.lock";
constexpr std::uint32_t format_known = 1;

failure refused(errc code, const fs::path& file, const std::string& what) {
  return {code, file.string() + ": " + what};
}

std::string hex(std::uint64_t v) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(v));
  return text;
}

std::string identity_text(const directory_identity& id) {
  std::ostringstream out;
  out << "# Troupe data directory. Do not edit: a changed file is refused.\n"
      << "format " << id.format << "\ncluster " << id.cluster << "\nnode " << id.node.value << "\nshards "
      << id.shards << "\nepoch " << hex(id.history.value) << "\n";
  if (id.origin == node_origin::joined) out << "origin joined\n";
  auto body = out.str();
  return body + "checksum " + hex(checksum64(body)) + "\n";
}

result<directory_identity> parse_identity(const fs::path& file, const std::string& text) {
  auto cut = text.rfind("checksum ");
  if (cut == std::string::npos)
    return refused(errc::corrupt, file, "is not a Troupe identity file. Restore it from a backup");
  std::map<std::string, std::string> fields;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    auto space = line.find(' ');
    if (!line.starts_with("#") && space != std::string::npos)
      fields[line.substr(0, space)] = line.substr(space + 1);
  }
  directory_identity id;
  id.format = static_cast<std::uint32_t>(std::strtoul(fields["format"].c_str(), nullptr, 10));
  if (id.format > format_known)
    return refused(errc::unsupported, file,
                   "has format " + fields["format"] + ", this version knows up to " +
                       std::to_string(format_known) + ". Run a newer trouped");
  if (fields["checksum"] != hex(checksum64(std::string_view(text).substr(0, cut))))
    return refused(errc::corrupt, file, "its checksum does not match. Restore it from a backup");
  id.cluster = fields["cluster"];
  id.node = node_id(std::strtoull(fields["node"].c_str(), nullptr, 10));
  id.shards = static_cast<std::uint16_t>(std::strtoul(fields["shards"].c_str(), nullptr, 10));
  id.history = epoch(std::strtoull(fields["epoch"].c_str(), nullptr, 16));
  if (fields["origin"] == "joined") id.origin = node_origin::joined;
  if (id.format == 0 || !parse_uuid(id.cluster) || id.node.value == 0 || id.shards < 2)
    return refused(errc::corrupt, file, "a field is missing or wrong. Restore it from a backup");
  return id;
}

result<int> take_lock(const fs::path& file) {
  int fd = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0)
    return refused(errc::forbidden, file,
                   std::string("cannot be opened: ") + std::strerror(errno) +
                       ". Give the user of trouped the right to write there");
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return refused(errc::conflict, file,
                   "another trouped uses this directory. Stop it, or choose another data_dir");
  }
  return fd;
}

// What is in there that an empty data directory does not hold; empty: nothing.
result<std::string> foreign_in(const fs::path& path) {
  std::error_code error;
  for (auto& entry : fs::directory_iterator(path, error)) {
    auto name = entry.path().filename();
    // What may be there before the first start: settings, certificates, an invitation, and what a fresh file system holds.
    bool harmless = name == "troupe.toml" || name == "pki" || name == "invitation" || name == "lost+found";
    if (!harmless && name != lock_file && name != std::string(id_file) + ".new") return name.string();
  }
  if (error) return refused(errc::forbidden, path, "cannot be read: " + error.message());
  return std::string();
}

}  // namespace

result<bool> write_file_atomically(const fs::path& file, std::string_view content, unsigned mode) {
  auto temporary = file;
  temporary += ".new";
  auto failed = [&] {
    auto f = refused(errno == ENOSPC ? errc::no_space : errc::forbidden, file,
                     std::string("cannot be written: ") + std::strerror(errno));
    ::unlink(temporary.c_str());
    return f;
  };
  int fd = ::open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);
  if (fd < 0) return failed();
  for (std::size_t at = 0; at < content.size();) {
    auto n = ::write(fd, content.data() + at, content.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      auto f = failed();
      ::close(fd);
      return f;
    }
    at += static_cast<std::size_t>(n);
  }
  bool synced = ::fsync(fd) == 0;
  if (::close(fd) != 0 || !synced) return failed();
  if (::rename(temporary.c_str(), file.c_str()) != 0) return failed();
  int folder = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return true;
}

result<bool> check_unused(const fs::path& directory) {
  std::error_code error;
  if (fs::exists(directory / id_file, error))
    return refused(errc::conflict, directory, "holds the data of a node. Choose another data_dir");
  auto held = foreign_in(directory);
  if (!held) return held.error();
  if (held->empty()) return true;
  return refused(
      errc::conflict, directory,
      "is not empty and not a Troupe data directory (it holds " + *held + "). Choose another data_dir");
}

result<data_dir> data_dir::open(const fs::path& path, const directory_identity& fresh) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return refused(errc::forbidden, path, "cannot be made: " + error.message());
  auto id_path = path / id_file;
  bool known = fs::exists(id_path, error);
  if (!known) {
    auto unused = check_unused(path);
    if (!unused) return unused.error();
  }
  auto lock = take_lock(path / lock_file);
  if (!lock) return lock.error();
  data_dir dir;
  dir.path_ = path;
  dir.lock_ = *lock;
  if (!known) {
    auto written = write_file_atomically(id_path, identity_text(fresh), 0600);
    if (!written) return written.error();
    dir.identity_ = fresh;
    dir.is_new_ = true;
    return dir;
  }
  std::ifstream in(id_path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (!in) return refused(errc::forbidden, id_path, "cannot be read");
  auto identity = parse_identity(id_path, text);
  if (!identity) return identity.error();
  dir.identity_ = *identity;
  return dir;
}

result<data_dir> data_dir::make_filled(const fs::path& path, const directory_identity& identity,
                                       const std::function<result<bool>(const data_dir&)>& fill) {
  std::error_code error;
  bool made_folder = fs::create_directories(path, error);
  if (error) return refused(errc::forbidden, path, "cannot be made: " + error.message());
  auto held = foreign_in(path);
  if (!held) return held.error();
  if (!held->empty())
    return refused(errc::conflict, path, "is not empty (it holds " + *held + "). Name a directory that is");
  auto lock = take_lock(path / lock_file);
  if (!lock) return lock.error();
  data_dir dir;
  dir.path_ = path;
  dir.lock_ = *lock;
  dir.identity_ = identity;
  dir.is_new_ = true;
  auto filled = fill(dir);
  if (filled) filled = write_file_atomically(path / id_file, identity_text(identity), 0600);
  if (filled) return dir;
  fs::remove_all(dir.database(), error);
  fs::remove(path / lock_file, error);
  if (made_folder) fs::remove(path, error);
  return filled.error();
}

data_dir::data_dir(data_dir&& o) noexcept
    : path_(std::move(o.path_)), identity_(std::move(o.identity_)), is_new_(o.is_new_), lock_(o.lock_) {
  o.lock_ = -1;
}

data_dir::~data_dir() {
  if (lock_ >= 0) ::close(lock_);
}

std::uint64_t data_dir::free_bytes() const {
  struct statvfs s {};
  if (::statvfs(path_.c_str(), &s) != 0) return 0;
  return static_cast<std::uint64_t>(s.f_bavail) * s.f_frsize;
}

}  // namespace troupe::storage
