#include "node/pki.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

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

result<bool> write_key(const fs::path& file, EVP_PKEY* key) {
  bio_ptr out(BIO_new(BIO_s_mem()));
  if (!out || !PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr))
    return openssl_failed("writing " + file.string());
  return storage::write_file_atomically(file, content_of(out.get()), 0600);
}

result<bool> write_certificate(const fs::path& file, X509* certificate) {
  bio_ptr out(BIO_new(BIO_s_mem()));
  if (!out || !PEM_write_bio_X509(out.get(), certificate)) return openssl_failed("writing " + file.string());
  return storage::write_file_atomically(file, content_of(out.get()), 0600);
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
  key_ptr key;
};

constexpr std::string_view whole_folder =
    "restore the pki folder from a backup, or move the whole folder away to have everything made "
    "anew (copies of "
    "troupectl's certificate elsewhere then no longer work)";

result<authority> ensure_authority(const pki_files& files, const pki_owner& owner, std::int64_t now_s) {
  std::error_code error;
  if (!fs::exists(files.authority, error)) {
    if (fs::exists(files.node, error) || fs::exists(files.client, error))
      return damaged(files.authority, "is missing: " + std::string(whole_folder));
    auto key = new_key(files.authority_key);
    if (!key) return key.error();
    subject who{.name = "Troupe cluster " + std::string(owner.cluster),
                .alternative = {},
                .usage = "critical,keyCertSign,cRLSign",
                .extended_usage = {},
                .constraints = "critical,CA:TRUE,pathlen:0",
                .days = authority_days};
    auto made = make_certificate(who, key->get(), nullptr, key->get(), now_s);
    if (!made) return made.error();
    auto written = write_certificate(files.authority, made->get());
    if (!written) return written.error();
    return authority{std::move(*made), std::move(*key)};
  }
  auto certificate = read_certificate(files.authority, whole_folder);
  if (!certificate) return certificate.error();
  if (!fs::exists(files.authority_key, error))
    return damaged(files.authority_key, "is missing: " + std::string(whole_folder));
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
    if (!ends_before(certificate->get(), now_s + renew_days * day_s)) return true;
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

result<pki_files> ensure_pki(const fs::path& folder, const pki_owner& owner, std::int64_t now_s) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (error)
    return failure{.code = errc::forbidden,
                   .detail = folder.string() + " cannot be made: " + error.message()};
  auto files = pki_files::in(folder);
  auto ca = ensure_authority(files, owner, now_s);
  if (!ca) return ca.error();
  auto name = node_name(owner.node);
  subject node{.name = name,
               .alternative = "DNS:" + name + ",DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1",
               .usage = "critical,digitalSignature",
               .extended_usage = "serverAuth,clientAuth",
               .constraints = "critical,CA:FALSE",
               .days = leaf_days};
  subject client{.name = "troupectl",
                 .alternative = {},
                 .usage = "critical,digitalSignature",
                 .extended_usage = "clientAuth",
                 .constraints = "critical,CA:FALSE",
                 .days = leaf_days};
  auto node_ready = ensure_leaf(files.node, files.node_key, node, *ca, now_s);
  if (!node_ready) return node_ready.error();
  auto client_ready = ensure_leaf(files.client, files.client_key, client, *ca, now_s);
  if (!client_ready) return client_ready.error();
  return files;
}

}  // namespace troupe::node
