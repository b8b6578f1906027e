#include "storage/backup_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cinttypes>
#include <cstring>
#include <fstream>
#include <sstream>

#include "protocol/envelope.hpp"

namespace troupe::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view manifest_file = "manifest";
constexpr std::uint32_t format_known = 1;
constexpr std::size_t manifest_bytes_max = 1 << 20;
// Written to disk bit by bit, so that a flood of dirty pages does not hold up the log's syncs.
constexpr std::uint64_t sync_every_bytes = 8ULL << 20;
// A node that writes its backup to its own disk must not run into its reserve.
constexpr std::uint64_t free_bytes_min = 256ULL << 20;

std::string hex(std::uint64_t v) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, v);
  return text;
}

failure at(const fs::path& where, const std::string& what, errc code) {
  return {code, where.string() + ": " + what};
}

failure of_errno(const fs::path& where, const char* what) {
  auto code = errno == ENOSPC ? errc::no_space : errno == EEXIST ? errc::conflict : errc::forbidden;
  return at(where, std::string(what) + ": " + std::strerror(errno), code);
}

result<done> sync_folder(const fs::path& folder) {
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return of_errno(folder, "cannot be opened");
  bool synced = ::fsync(fd) == 0;
  auto failed = of_errno(folder, "cannot be synced");
  ::close(fd);
  if (!synced) return failed;
  return done{};
}

// Removes what a backup consists of, and the folder if that was all.
bool remove_partial(const fs::path& partial) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(partial, error)) {
    auto name = entry.path().filename().string();
    if (name.starts_with(manifest_file) || (name.starts_with("shard-") && name.ends_with(".state")))
      fs::remove(entry.path(), error);
  }
  fs::remove(partial, error);
  return !fs::exists(partial, error);
}

}  // namespace

std::string shard_file_name(shard_id shard) {
  char name[32];
  std::snprintf(name, sizeof name, "shard-%04u.state", shard.value);
  return name;
}

// --- the manifest

std::uint64_t backup_manifest::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& s : shards) sum += s.bytes;
  return sum;
}

std::uint64_t backup_manifest::digest() const {
  std::string all;
  for (const auto& s : shards) all += hex(s.digest);
  return checksum64(all);
}

std::string encode_manifest(const backup_manifest& m) {
  std::ostringstream out;
  out << "# A backup of Troupe. Do not edit: a changed file is refused.\n"
      << "format " << m.format << "\nversion " << m.version << "\ncluster " << m.cluster << "\nnode "
      << hex(m.node.value) << "\nbegun_us " << m.begun_us << "\nended_us " << m.ended_us << "\ndigest "
      << hex(m.digest()) << "\nshards " << m.shards.size() << "\n";
  for (const auto& s : m.shards)
    out << "shard " << s.shard.value << " generation " << s.generation.value << " index "
        << s.reached.index.value << " term " << s.reached.term.value << " digest " << hex(s.digest)
        << " chunks " << s.chunks << " bytes " << s.bytes << " xxh3 " << hex(s.checksum) << "\n";
  auto body = out.str();
  return body + "checksum " + hex(checksum64(body)) + "\n";
}

namespace {

bool read_shard(std::istringstream& words, shard_backup& out) {
  std::string digest, checksum;
  std::string generation, index, term, said_digest, chunks, bytes, xxh3;
  words >> out.shard.value >> generation >> out.generation.value >> index >> out.reached.index.value >>
      term >> out.reached.term.value >> said_digest >> digest >> chunks >> out.chunks >> bytes >> out.bytes >>
      xxh3 >> checksum;
  out.digest = std::strtoull(digest.c_str(), nullptr, 16);
  out.checksum = std::strtoull(checksum.c_str(), nullptr, 16);
  return !words.fail() && generation == "generation" && index == "index" && term == "term" &&
         said_digest == "digest" && chunks == "chunks" && bytes == "bytes" && xxh3 == "xxh3";
}

}  // namespace

result<backup_manifest> decode_manifest(std::string_view text, std::string_view name) {
  auto bad = [&](const std::string& why, errc code = errc::corrupt) {
    return failure{code, std::string(name) + ": " + why};
  };
  auto cut = text.rfind("checksum ");
  if (cut == std::string_view::npos) return bad("is no manifest of a backup");
  backup_manifest m;
  std::size_t count = 0;
  bool sound = true;
  std::istringstream lines{std::string(text.substr(0, cut))};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string field, value;
    words >> field;
    if (field == "shard") {
      sound = read_shard(words, m.shards.emplace_back()) && sound;
      continue;
    }
    words >> value;
    if (field == "format") m.format = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
    if (field == "version") m.version = value;
    if (field == "cluster") m.cluster = value;
    if (field == "node") m.node = node_id(std::strtoull(value.c_str(), nullptr, 16));
    if (field == "begun_us") m.begun_us = std::strtoll(value.c_str(), nullptr, 10);
    if (field == "ended_us") m.ended_us = std::strtoll(value.c_str(), nullptr, 10);
    if (field == "shards") count = std::strtoul(value.c_str(), nullptr, 10);
  }
  if (m.format > format_known)
    return bad("the backup has format " + std::to_string(m.format) + ", this version knows up to " +
                   std::to_string(format_known) + ". Use a newer version of Troupe",
               errc::unsupported);
  if (text.substr(cut) != "checksum " + hex(checksum64(text.substr(0, cut))) + "\n")
    return bad("its checksum does not match: the backup is damaged, take another one");
  for (std::size_t i = 0; i < m.shards.size(); ++i) sound = sound && m.shards[i].shard.value == i;
  if (!sound || m.format == 0 || count < 2 || m.shards.size() != count)
    return bad("a field is missing or wrong: the backup is damaged, take another one");
  return m;
}

// --- writing

class backup_writer::file final : public state_sink {
 public:
  file(fs::path path, shard_id shard, troupe::generation generation, std::optional<failure>& fault)
      : path_(std::move(path)), shard_(shard), fault_(fault) {
    facts_.shard = shard;
    facts_.generation = generation;
  }
  ~file() override {
    if (fd_ >= 0) ::close(fd_);
    XXH3_freeState(hash_);
  }
  file(const file&) = delete;

  result<done> begin() override {
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::open(path_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd_ < 0) return failed(of_errno(path_, "cannot be made"));
    XXH3_64bits_reset(hash_);
    digest_ = std::make_unique<state_digest>();
    facts_.chunks = facts_.bytes = synced_ = 0;
    return done{};
  }

  result<done> keep(std::uint64_t number, std::string_view chunk) override {
    if (fault_) return *fault_;
    if (number != facts_.chunks + 1) return failed(at(path_, "a chunk is missing", errc::internal));
    if (auto space = look_for_space(chunk.size()); !space) return space;
    for (std::size_t sent = 0; sent < chunk.size();) {
      auto n = ::write(fd_, chunk.data() + sent, chunk.size() - sent);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed(of_errno(path_, "cannot be written"));
      sent += static_cast<std::size_t>(n);
    }
    auto facts = digest_->add(shard_, chunk);
    if (!facts) return failed(facts.error());
    if (facts->last) facts_.reached = {facts->reached, facts->reached_term};
    XXH3_64bits_update(hash_, chunk.data(), chunk.size());
    ++facts_.chunks;
    facts_.bytes += chunk.size();
    return facts_.bytes - synced_ >= sync_every_bytes ? sync() : result<done>(done{});
  }

  result<shard_backup> close() {
    if (fault_) return *fault_;
    if (auto synced = sync(); !synced) return synced.error();
    int fd = fd_;
    fd_ = -1;
    if (::close(fd) != 0) return failed(of_errno(path_, "cannot be closed")).error();
    facts_.digest = digest_->value();
    facts_.checksum = XXH3_64bits_digest(hash_);
    return facts_;
  }

  std::uint64_t bytes() const { return facts_.bytes; }

 private:
  result<done> failed(const failure& why) {
    if (!fault_) fault_ = why;
    return why;
  }
  result<done> look_for_space(std::size_t more) {
    struct statvfs s {};
    if (::fstatvfs(fd_, &s) != 0) return done{};
    if (static_cast<std::uint64_t>(s.f_bavail) * s.f_frsize >= free_bytes_min + more) return done{};
    return failed(at(path_, "less than 256 MiB would be left on this disk: make space, or choose another",
                     errc::no_space));
  }
  // What is on disk need not stay in memory.
  result<done> sync() {
    if (::fdatasync(fd_) != 0) return failed(of_errno(path_, "cannot be synced"));
    ::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED);
    synced_ = facts_.bytes;
    return done{};
  }

  fs::path path_;
  shard_id shard_;
  std::optional<failure>& fault_;
  int fd_ = -1;
  XXH3_state_t* hash_ = XXH3_createState();
  std::unique_ptr<state_digest> digest_;
  shard_backup facts_;
  std::uint64_t synced_ = 0;
};

backup_writer::backup_writer(fs::path folder) : folder_(std::move(folder)), partial_(folder_) {
  partial_ += ".partial";
}

result<std::unique_ptr<backup_writer>> backup_writer::begin(const fs::path& folder) {
  auto asked = folder.lexically_normal();
  if (!asked.has_filename()) asked = asked.parent_path();
  std::unique_ptr<backup_writer> w(new backup_writer(asked));
  w->finished_ = true;  // nothing to remove yet
  std::error_code error;
  if (fs::exists(fs::symlink_status(asked, error)))
    return at(asked, "exists: name a folder that does not", errc::conflict);
  if (fs::exists(w->partial_, error) && !remove_partial(w->partial_))
    return at(w->partial_, "is in the way and holds what is of no backup: move it away", errc::conflict);
  fs::create_directories(asked.parent_path(), error);
  if (error) return at(asked.parent_path(), "cannot be made: " + error.message(), errc::forbidden);
  if (::mkdir(w->partial_.c_str(), 0700) != 0) return of_errno(w->partial_, "cannot be made");
  w->finished_ = false;
  return w;
}

backup_writer::~backup_writer() {
  file_.reset();
  if (!finished_) remove_partial(partial_);
}

state_sink& backup_writer::file_of(shard_id shard, troupe::generation generation) {
  file_ = std::make_unique<file>(partial_ / shard_file_name(shard), shard, generation, fault_);
  return *file_;
}

result<shard_backup> backup_writer::close_file() {
  must(file_ != nullptr, "a file is open");
  auto facts = file_->close();
  file_.reset();
  if (facts) closed_bytes_ += facts->bytes;
  return facts;
}

const std::optional<failure>& backup_writer::fault() const { return fault_; }

std::uint64_t backup_writer::bytes() const { return closed_bytes_ + (file_ ? file_->bytes() : 0); }

result<done> backup_writer::finish(const backup_manifest& manifest) {
  auto written = write_file_atomically(partial_ / manifest_file, encode_manifest(manifest), 0600);
  if (!written) return written.error();
  if (auto synced = sync_folder(partial_); !synced) return synced;
  // Whatever came to be there meanwhile is not replaced.
  if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, folder_.c_str(), RENAME_NOREPLACE) != 0)
    return of_errno(folder_, "cannot be put in place");
  finished_ = true;
  return sync_folder(folder_.parent_path());
}

// --- reading

result<backup_manifest> check_backup(const fs::path& folder) {
  auto name = folder / manifest_file;
  std::ifstream in(name, std::ios::binary);
  std::string text(manifest_bytes_max, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.empty()) return at(name, "is missing or cannot be read: is this a backup?", errc::not_found);
  auto manifest = decode_manifest(text, name.string());
  if (!manifest) return manifest;
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> hash(XXH3_createState(), XXH3_freeState);
  std::string block(1 << 20, '\0');
  for (const auto& s : manifest->shards) {
    auto path = folder / shard_file_name(s.shard);
    std::ifstream file(path, std::ios::binary);
    if (!file) return at(path, "is missing or cannot be read: the backup is not whole", errc::corrupt);
    XXH3_64bits_reset(hash.get());
    std::uint64_t bytes = 0;
    while (file) {
      file.read(block.data(), static_cast<std::streamsize>(block.size()));
      auto got = static_cast<std::size_t>(file.gcount());
      XXH3_64bits_update(hash.get(), block.data(), got);
      bytes += got;
    }
    if (bytes != s.bytes)
      return at(path,
                "has " + std::to_string(bytes) + " bytes and should have " + std::to_string(s.bytes) +
                    ": the backup is damaged, take another one",
                errc::corrupt);
    if (XXH3_64bits_digest(hash.get()) != s.checksum)
      return at(path, "its checksum does not match: the backup is damaged, take another one", errc::corrupt);
  }
  return manifest;
}

}  // namespace troupe::storage
