#include "node/pki.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

#include "node/cluster/tls_sessions.hpp"
#include "storage/data_dir.hpp"

namespace troupe::node {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t day_s = 24 * 3600;
constexpr std::int64_t authority_days = 20 * 365, leaf_days = 2 * 365, renew_days = 90;

template <auto Free>
struct freed {
  template <class T>
  void operator()(T* x) const noexcept {
    Free(x);
  }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed<BIO_free_all>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed<X509_EXTENSION_free>>;

failure damaged(const fs::path& file, std::string_view what) {
  return {.code = errc::corrupt, .detail = file.string() + " " + std::string(what)};
}

failure openssl_failed(std::string_view doing) {
  char reason[256] = "unknown error";
  if (auto code = ERR_get_error(); code != 0) ERR_error_string_n(code, reason, sizeof reason);
  ERR_clear_error();
  return {.code = errc::internal, .detail = "OpenSSL failed while " + std::string(doing) + ": " + reason};
}

std::string content_of(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

result<std::string> text_of_key(EVP_PKEY* key) {
  bio_ptr out(BIO_new(BIO_s_mem()));
  if (!out || !PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr))
    return openssl_failed("writing a key");
  return content_of(out.get());
}

result<std::string> text_of_certificate(X509* certificate) {
  bio_ptr out(BIO_new(BIO_s_mem()));
  if (!out || !PEM_write_bio_X509(out.get(), certificate)) return openssl_failed("writing a certificate");
  return content_of(out.get());
}

result<bool> write_key(const fs::path& file, EVP_PKEY* key) {
  auto text = text_of_key(key);
  return text ? storage::write_file_atomically(file, *text, 0600) : text.error();
}

result<bool> write_certificate(const fs::path& file, X509* certificate) {
  auto text = text_of_certificate(certificate);
  return text ? storage::write_file_atomically(file, *text, 0600) : text.error();
}

result<key_ptr> read_key(const fs::path& file, std::string_view cure) {
  bio_ptr in(BIO_new_file(file.c_str(), "r"));
  key_ptr key(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  if (!key) return damaged(file, "is not a readable private key: " + std::string(cure));
  return key;
}

result<certificate_ptr> read_certificate(const fs::path& file, std::string_view cure) {
  bio_ptr in(BIO_new_file(file.c_str(), "r"));
  certificate_ptr x(in ? PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  if (!x) return damaged(file, "is not a readable certificate: " + std::string(cure));
  return x;
}

// What a certificate says, besides its key.
struct subject {
  std::string name;         // CN
  std::string alternative;  // SAN, empty: none
  std::string usage, extended_usage, constraints;
  std::int64_t days;
};

bool add_extension(X509* x, X509* issuer, int nid, const std::string& value) {
  if (value.empty()) return true;
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, x, nullptr, nullptr, 0);
  extension_ptr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(x, extension.get(), -1);
}

bool set_serial(X509* x) {
  unsigned char bytes[8];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  std::uint64_t serial = 0;
  for (auto b : bytes) serial = serial << 8 | b;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
}

// Signed by 'issuer' with 'issuer_key', or by itself when issuer is null.
result<certificate_ptr> make_certificate(const subject& who, EVP_PKEY* key, X509* issuer,
                                         EVP_PKEY* issuer_key, std::int64_t now_s) {
  certificate_ptr x(X509_new());
  if (!x) return openssl_failed("making a certificate");
  X509* signer = issuer ? issuer : x.get();
  auto* name = X509_get_subject_name(x.get());
  auto* text = reinterpret_cast<const unsigned char*>(who.name.c_str());
  // A day back: peers whose clocks lag must accept it too.
  bool good = X509_set_version(x.get(), X509_VERSION_3) && set_serial(x.get()) &&
              ASN1_TIME_set(X509_getm_notBefore(x.get()), now_s - day_s) &&
              ASN1_TIME_set(X509_getm_notAfter(x.get()), now_s + who.days * day_s) &&
              X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                                         reinterpret_cast<const unsigned char*>("Troupe"), -1, -1, 0) &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) &&
              X509_set_issuer_name(x.get(), X509_get_subject_name(signer)) && X509_set_pubkey(x.get(), key) &&
              add_extension(x.get(), signer, NID_basic_constraints, who.constraints) &&
              add_extension(x.get(), signer, NID_key_usage, who.usage) &&
              add_extension(x.get(), signer, NID_ext_key_usage, who.extended_usage) &&
              add_extension(x.get(), signer, NID_subject_alt_name, who.alternative) &&
              add_extension(x.get(), signer, NID_subject_key_identifier, "hash") &&
              add_extension(x.get(), signer, NID_authority_key_identifier, issuer ? "keyid:always" : "") &&
              X509_sign(x.get(), issuer_key, EVP_sha256()) > 0;
  if (!good) return openssl_failed("making the certificate of " + who.name);
  return x;
}

bool ends_before(X509* x, std::int64_t time_s) {
  auto t = static_cast<time_t>(time_s);
  return X509_cmp_time(X509_get0_notAfter(x), &t) < 0;
}

result<key_ptr> new_key(const fs::path& file) {
  key_ptr key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failed("making a key");
  auto written = write_key(file, key.get());
  if (!written) return written.error();
  return key;
}

struct authority {
  certificate_ptr certificate;
  key_ptr key;  // null: it is elsewhere
};

constexpr std::string_view whole_folder =
    "restore the pki folder from a backup, or move the whole folder away to have everything made "
    "anew (copies of "
    "troupectl's certificate elsewhere then no longer work)";

subject authority_subject(std::string_view cluster) {
  return {.name = "Troupe cluster " + std::string(cluster),
          .alternative = {},
          .usage = "critical,keyCertSign,cRLSign",
          .extended_usage = {},
          .constraints = "critical,CA:TRUE,pathlen:0",
          .days = authority_days};
}

result<authority> ensure_authority(const pki_files& files, const pki_owner& owner, std::int64_t now_s,
                                   authority_key where) {
  std::error_code error;
  if (!fs::exists(files.authority, error)) {
    if (where == authority_key::elsewhere || fs::exists(files.node, error) || fs::exists(files.client, error))
      return damaged(files.authority, "is missing: " + std::string(whole_folder));
    auto key = new_key(files.authority_key);
    if (!key) return key.error();
    auto made = make_certificate(authority_subject(owner.cluster), key->get(), nullptr, key->get(), now_s);
    if (!made) return made.error();
    auto written = write_certificate(files.authority, made->get());
    if (!written) return written.error();
    return authority{std::move(*made), std::move(*key)};
  }
  auto certificate = read_certificate(files.authority, whole_folder);
  if (!certificate) return certificate.error();
  if (!fs::exists(files.authority_key, error)) {
    // Kept off the nodes: what it signed is here.
    bool kept_away = fs::exists(files.node, error) && fs::exists(files.client, error);
    if (where == authority_key::elsewhere || kept_away) return authority{std::move(*certificate), nullptr};
    return damaged(files.authority_key, "is missing: " + std::string(whole_folder));
  }
  auto key = read_key(files.authority_key, whole_folder);
  if (!key) return key.error();
  if (X509_check_private_key(certificate->get(), key->get()) != 1)
    return damaged(files.authority_key, "does not belong to ca.pem: " + std::string(whole_folder));
  if (ends_before(certificate->get(), now_s))
    return damaged(files.authority, "has expired: " + std::string(whole_folder));
  return authority{std::move(*certificate), std::move(*key)};
}

result<bool> ensure_leaf(const fs::path& file, const fs::path& key_file, const subject& who,
                         const authority& ca, std::int64_t now_s) {
  auto cure = "remove " + file.filename().string() + " and " + key_file.filename().string() +
              " to have both made again";
  std::error_code error;
  key_ptr key;
  if (fs::exists(file, error)) {
    auto certificate = read_certificate(file, cure);
    if (!certificate) return certificate.error();
    if (!fs::exists(key_file, error)) return damaged(key_file, "is missing: " + cure);
    auto read = read_key(key_file, cure);
    if (!read) return read.error();
    key = std::move(*read);
    if (X509_check_private_key(certificate->get(), key.get()) != 1)
      return damaged(key_file, "does not belong to " + file.filename().string() + ": " + cure);
    if (X509_verify(certificate->get(), X509_get0_pubkey(ca.certificate.get())) != 1) {
      ERR_clear_error();
      return damaged(file, "is not signed by ca.pem: " + cure);
    }
    // An administrator may be called anything.
    bool is_of_another = !who.alternative.empty() && name_in(certificate->get()) != who.name;
    if (is_of_another)
      return damaged(file, "is of " + name_in(certificate->get()) + ", and this is " + who.name +
                               ": every node has a certificate of its own (troupectl cert issue node --id)");
    if (!ends_before(certificate->get(), now_s + renew_days * day_s)) return true;
    if (!ca.key) {
      if (!ends_before(certificate->get(), now_s)) return true;
      return damaged(file,
                     "has expired: have another issued by the node that holds ca.key (troupectl cert issue)");
    }
  } else if (!ca.key) {
    return damaged(file, "is missing: restore the pki folder from a backup");
  } else {
    auto made = new_key(key_file);
    if (!made) return made.error();
    key = std::move(*made);
  }
  auto made = make_certificate(who, key.get(), ca.certificate.get(), ca.key.get(), now_s);
  if (!made) return made.error();
  return write_certificate(file, made->get());
}

}  // namespace

pki_files pki_files::in(const fs::path& folder) {
  return {folder / "ca.pem",   folder / "ca.key",        folder / "node.pem",
          folder / "node.key", folder / "troupectl.pem", folder / "troupectl.key"};
}

std::string node_name(node_id node) {
  char text[32];
  std::snprintf(text, sizeof text, "node-%016llx", static_cast<unsigned long long>(node.value));
  return text;
}

namespace {

subject node_subject(const std::string& name) {
  return {.name = name,
          .alternative = "DNS:" + name + ",DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1",
          .usage = "critical,digitalSignature",
          .extended_usage = "serverAuth,clientAuth",
          .constraints = "critical,CA:FALSE",
          .days = leaf_days};
}

subject client_subject(const std::string& name = "troupectl") {
  return {.name = name,
          .alternative = {},
          .usage = "critical,digitalSignature",
          .extended_usage = "clientAuth",
          .constraints = "critical,CA:FALSE",
          .days = leaf_days};
}

result<issued_certificate> issue(const subject& who, const authority& ca, std::int64_t now_s) {
  key_ptr key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failed("making a key");
  auto made = make_certificate(who, key.get(), ca.certificate.get(), ca.key.get(), now_s);
  if (!made) return made.error();
  auto certificate = text_of_certificate(made->get());
  auto text = text_of_key(key.get());
  if (!certificate) return certificate.error();
  if (!text) return text.error();
  return issued_certificate{std::move(*certificate), std::move(*text)};
}

result<bool> make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (error)
    return failure{.code = errc::forbidden,
                   .detail = folder.string() + " cannot be made: " + error.message()};
  return true;
}

}  // namespace

result<pki_files> ensure_pki(const fs::path& folder, const pki_owner& owner, std::int64_t now_s,
                             authority_key where) {
  auto there = make_folder(folder);
  if (!there) return there.error();
  auto files = pki_files::in(folder);
  auto ca = ensure_authority(files, owner, now_s, where);
  if (!ca) return ca.error();
  auto node_ready = ensure_leaf(files.node, files.node_key, node_subject(node_name(owner.node)), *ca, now_s);
  if (!node_ready) return node_ready.error();
  auto client_ready = ensure_leaf(files.client, files.client_key, client_subject(), *ca, now_s);
  if (!client_ready) return client_ready.error();
  return files;
}

namespace {

result<authority> signing_authority(const fs::path& folder, std::int64_t now_s) {
  auto files = pki_files::in(folder);
  std::error_code error;
  if (!fs::exists(files.authority_key, error))
    return failure{
        .code = errc::conflict,
        .detail = "the cluster's CA key is not there (" + files.authority_key.string() +
                  "): ask the node that founded the cluster, or name the folder that has it with --ca"};
  return ensure_authority(files, {}, now_s, authority_key::here);
}

}  // namespace

result<issued_pki> issue_pki(const fs::path& folder, node_id node, std::int64_t now_s) {
  auto ca = signing_authority(folder, now_s);
  if (!ca) return ca.error();
  auto for_node = issue(node_subject(node_name(node)), *ca, now_s);
  if (!for_node) return for_node.error();
  auto for_client = issue(client_subject(), *ca, now_s);
  if (!for_client) return for_client.error();
  auto text = text_of_certificate(ca->certificate.get());
  if (!text) return text.error();
  return issued_pki{std::move(*text), std::move(*for_node), std::move(*for_client)};
}

result<issued_pki> issue_admin_pki(const fs::path& folder, const std::string& name, std::int64_t now_s) {
  auto ca = signing_authority(folder, now_s);
  if (!ca) return ca.error();
  auto made = issue(client_subject(name), *ca, now_s);
  if (!made) return made.error();
  auto text = text_of_certificate(ca->certificate.get());
  if (!text) return text.error();
  return issued_pki{std::move(*text), {}, std::move(*made)};
}

result<pki_files> make_authority(const fs::path& folder, std::string_view cluster, std::int64_t now_s) {
  auto files = pki_files::in(folder);
  std::error_code error;
  if (fs::exists(files.authority, error) || fs::exists(files.authority_key, error))
    return failure{.code = errc::conflict,
                   .detail = folder.string() + " holds a CA already: name another folder"};
  auto there = make_folder(folder);
  if (!there) return there.error();
  auto made = ensure_authority(files, {{}, cluster}, now_s, authority_key::here);
  if (!made) return made.error();
  return files;
}

result<bool> install_pki(const fs::path& folder, const issued_pki& issued) {
  auto there = make_folder(folder);
  if (!there) return there.error();
  auto files = pki_files::in(folder);
  // A key before its certificate, the authority last: what is cut off is done again.
  for (const auto& [file, text] : {std::pair(&files.node_key, &issued.node.key),
                                   {&files.node, &issued.node.certificate},
                                   {&files.client_key, &issued.client.key},
                                   {&files.client, &issued.client.certificate},
                                   {&files.authority, &issued.authority}}) {
    std::error_code error;
    if (fs::exists(files.authority, error)) return true;
    if (text->empty()) continue;  // there is none for a node where only an administrator gets one
    auto written = storage::write_file_atomically(*file, *text, 0600);
    if (!written) return written.error();
  }
  return true;
}

namespace {

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
}

}  // namespace

result<certificate_facts> read_certificate_facts(const fs::path& file) {
  auto read = read_certificate(file, "is it a PEM file?");
  if (!read) return read.error();
  auto* x = read->get();
  certificate_facts facts;
  char issuer[128] = "";
  X509_NAME_get_text_by_NID(X509_get_issuer_name(x), NID_commonName, issuer, sizeof issuer);
  facts.name = name_in(x);
  facts.issuer = issuer;
  auto role = role_of(x);
  facts.role = X509_check_ca(x)          ? "authority"
               : role == tls_role::node  ? "node"
               : role == tls_role::admin ? "admin"
                                         : "none";
  facts.begin_s = seconds_of(X509_get0_notBefore(x));
  facts.end_s = seconds_of(X509_get0_notAfter(x));
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!X509_digest(x, EVP_sha256(), sum, &size)) return openssl_failed("reading " + file.string());
  for (unsigned i = 0; i < size; ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", sum[i]);
    facts.fingerprint += digits;
  }
  return facts;
}

std::int64_t certificate_end_s(const fs::path& file) {
  auto certificate = read_certificate(file, {});
  return certificate ? seconds_of(X509_get0_notAfter(certificate->get())) : 0;
}

result<std::optional<node_id>> certified_node(const fs::path& folder) {
  auto file = pki_files::in(folder).node;
  std::error_code error;
  if (!fs::exists(file, error)) return std::optional<node_id>();
  auto certificate = read_certificate(file, "have another one issued (troupectl cert issue node)");
  if (!certificate) return certificate.error();
  auto name = name_in(certificate->get());
  node_id id(std::strtoull(name.substr(std::min<std::size_t>(5, name.size())).c_str(), nullptr, 16));
  if (id.value == 0 || node_name(id) != name)
    return damaged(file, "is of " + name + ", which is no node: have one issued (troupectl cert issue node)");
  return std::optional(id);
}

}  // namespace troupe::node
