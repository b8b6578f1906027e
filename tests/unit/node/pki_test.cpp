// The node's own certificates: made once, renewed in time, and damage is named.
#include "node/pki.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <sstream>

#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::node;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t now_s = 1'790'000'000, day_s = 86'400;

struct pki {
  test::temporary_folder root;
  fs::path folder = root.path() / "pki";

  result<pki_files> ensure(std::int64_t at_s = now_s) {
    return ensure_pki(folder, {.node = node_id{0xab}, .cluster = "test"}, at_s);
  }
  std::string read(const char* name) {
    std::ifstream in(folder / name);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  // What a shell command says of the folder's files.
  std::string openssl(const std::string& arguments) {
    auto command = "cd '" + folder.string() + "' && openssl " + arguments + " 2>&1";
    std::string out;
    FILE* pipe = ::popen(command.c_str(), "r");
    char line[512];
    while (std::fgets(line, sizeof line, pipe)) out += line;
    ::pclose(pipe);
    return out;
  }
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("pki: the first start makes a CA, a node and a client certificate") {
  pki p;
  REQUIRE(p.ensure());
  auto at = " -attime " + std::to_string(now_s + day_s);
  CHECK(contains(p.openssl("verify -x509_strict -purpose sslserver -CAfile ca.pem" + at + " node.pem"),
                 "node.pem: OK"));
  CHECK(contains(p.openssl("verify -x509_strict -purpose sslclient -CAfile ca.pem" + at + " node.pem"),
                 "node.pem: OK"));
  CHECK(contains(p.openssl("verify -x509_strict -purpose sslclient -CAfile ca.pem" + at + " troupectl.pem"),
                 "troupectl.pem: OK"));
  CHECK(!contains(p.openssl("verify -purpose sslserver -CAfile ca.pem" + at + " troupectl.pem"),
                  "troupectl.pem: OK"));
  auto node = p.openssl("x509 -in node.pem -noout -text");
  CHECK(contains(node, "CN = node-00000000000000ab"));
  CHECK(contains(node, "DNS:node-00000000000000ab"));
  CHECK(contains(node, "prime256v1"));
  for (auto name : {"ca.key", "node.key", "troupectl.key"}) {
    auto mode = fs::status(p.folder / name).permissions() & fs::perms::mask;
    CHECK(mode == (fs::perms::owner_read | fs::perms::owner_write));
  }
  CHECK((fs::status(p.folder).permissions() & fs::perms::mask) == fs::perms::owner_all);
}

TEST_CASE("pki: a second start changes nothing") {
  pki p;
  REQUIRE(p.ensure());
  auto ca = p.read("ca.pem"), node = p.read("node.pem"), client = p.read("troupectl.pem");
  REQUIRE(p.ensure(now_s + 100 * day_s));
  CHECK(p.read("ca.pem") == ca);
  CHECK(p.read("node.pem") == node);
  CHECK(p.read("troupectl.pem") == client);
}

TEST_CASE("pki: a certificate near its end is renewed with the same key and CA") {
  pki p;
  REQUIRE(p.ensure());
  auto ca = p.read("ca.pem"), node = p.read("node.pem"), key = p.read("node.key");
  auto later = now_s + 700 * day_s;
  REQUIRE(p.ensure(later));
  CHECK(p.read("ca.pem") == ca);
  CHECK(p.read("node.key") == key);
  CHECK(p.read("node.pem") != node);
  CHECK(contains(
      p.openssl("verify -CAfile ca.pem -attime " + std::to_string(later + 600 * day_s) + " node.pem"), "OK"));
}

TEST_CASE("pki: a start that was cut off between key and certificate is repaired") {
  pki p;
  REQUIRE(p.ensure());
  for (auto name : {"ca.pem", "node.pem", "node.key", "troupectl.pem", "troupectl.key"})
    fs::remove(p.folder / name);
  REQUIRE(p.ensure());
  fs::remove(p.folder / "node.pem");
  REQUIRE(p.ensure());
  CHECK(contains(p.openssl("verify -attime " + std::to_string(now_s) + " -CAfile ca.pem node.pem"), "OK"));
}

TEST_CASE("pki: damage is refused with the file and what to do") {
  pki p;
  REQUIRE(p.ensure());
  auto refusal = [&] {
    auto r = p.ensure();
    return r ? std::string("accepted") : r.error().detail;
  };
  auto with = [&](const char* name, const std::string& content) {
    auto kept = p.read(name);
    std::ofstream(p.folder / name) << content;
    auto said = refusal();
    std::ofstream(p.folder / name) << kept;
    return said;
  };
  CHECK(contains(with("node.pem", "garbage"), "node.pem is not a readable certificate: remove node.pem"));
  CHECK(contains(with("node.key", ""), "node.key is not a readable private key"));
  CHECK(contains(with("node.key", p.read("ca.key")), "node.key does not belong to node.pem"));
  CHECK(contains(with("troupectl.pem", p.read("node.pem")), "troupectl.key does not belong"));
  CHECK(contains(with("ca.pem", "garbage"), "restore the pki folder"));
  CHECK(contains(with("ca.key", p.read("node.key")), "ca.key does not belong to ca.pem"));
  CHECK(refusal() == "accepted");
  fs::remove(p.folder / "ca.pem");
  CHECK(contains(refusal(), "ca.pem is missing"));
}

TEST_CASE("pki: a leaf of another CA is refused") {
  pki a, b;
  REQUIRE(a.ensure());
  REQUIRE(b.ensure());
  for (auto name : {"node.pem", "node.key"})
    fs::copy_file(b.folder / name, a.folder / name, fs::copy_options::overwrite_existing);
  auto r = a.ensure();
  REQUIRE(!r);
  CHECK(contains(r.error().detail, "node.pem is not signed by ca.pem"));
}

TEST_CASE(
    "pki: a CA kept elsewhere signs for nodes and administrators, and a founder begins without its key") {
  pki ca, node, admin;
  REQUIRE(make_authority(ca.folder, "a cluster", now_s));
  CHECK(make_authority(ca.folder, "a cluster", now_s).error().code == errc::conflict);
  auto issued = issue_pki(ca.folder, node_id(0xab), now_s);
  REQUIRE(issued);
  REQUIRE(install_pki(node.folder, *issued));
  CHECK_FALSE(fs::exists(node.folder / "ca.key"));
  auto id = certified_node(node.folder);
  REQUIRE(id);
  CHECK(*id == node_id(0xab));
  REQUIRE(node.ensure());
  CHECK_FALSE(fs::exists(node.folder / "ca.key"));
  // It renews nothing, and says so when it is too late.
  auto before = node.read("node.pem");
  REQUIRE(node.ensure(now_s + 700 * day_s));
  CHECK(node.read("node.pem") == before);
  auto late = node.ensure(now_s + 800 * day_s);
  REQUIRE_FALSE(late);
  CHECK(contains(late.error().detail, "has expired: have another issued"));
  CHECK(contains(issue_pki(node.folder, node_id(1), now_s).error().detail, "--ca"));

  auto another = issue_admin_pki(ca.folder, "alice", now_s);
  REQUIRE(another);
  REQUIRE(install_pki(admin.folder, *another));
  CHECK_FALSE(fs::exists(admin.folder / "node.pem"));
  auto facts = read_certificate_facts(admin.folder / "troupectl.pem");
  REQUIRE(facts);
  CHECK(facts->name == "alice");
  CHECK(facts->role == "admin");
  CHECK(facts->issuer == "Troupe cluster a cluster");
  CHECK(facts->end_s == now_s + 730 * day_s);
  CHECK(facts->fingerprint.size() == 64);
  CHECK(read_certificate_facts(node.folder / "node.pem")->role == "node");
  CHECK(read_certificate_facts(ca.folder / "ca.pem")->role == "authority");
  CHECK_FALSE(read_certificate_facts(ca.folder / "ca.key"));
}

TEST_CASE("pki: a founder whose CA key is taken away goes on") {
  pki p;
  REQUIRE(p.ensure());
  fs::remove(p.folder / "ca.key");
  CHECK(p.ensure());
  fs::remove(p.folder / "node.pem");
  CHECK(contains(p.ensure().error().detail, "ca.key is missing"));
}

TEST_CASE("pki: another node's certificate is refused by name") {
  pki a;
  REQUIRE(a.ensure());
  auto other = issue_pki(a.folder, node_id(0xcd), now_s);
  REQUIRE(other);
  std::ofstream(a.folder / "node.pem") << other->node.certificate;
  std::ofstream(a.folder / "node.key") << other->node.key;
  auto refused = a.ensure();
  REQUIRE_FALSE(refused);
  CHECK(contains(refused.error().detail, "is of node-00000000000000cd, and this is node-00000000000000ab"));
}
