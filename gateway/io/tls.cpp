#include "gateway/io/tls.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstring>
#include <string_view>

#include "base/io/openssl.hpp"

namespace howdah {

namespace {

constexpr std::array<unsigned char, 11> kAlpn{10, 'p', 'o', 's', 't', 'g', 'r', 'e', 's', 'q', 'l'};
constexpr std::string_view kAlpnName = "postgresql";

struct X509Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using X509Ptr = std::unique_ptr<X509, X509Free>;

Error tls_error(std::string message) { return {ErrorCode::configuration, std::move(message), openssl_errors()}; }

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kAlpn.data(), kAlpn.size(), in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int give_passphrase(char* out, int size, int, void* passphrase) {
  const auto& text = *static_cast<const std::string*>(passphrase);
  if (static_cast<int>(text.size()) > size) return -1;
  std::memcpy(out, text.data(), text.size());
  return static_cast<int>(text.size());
}

// The certificate's own signature digest, SHA-256 in place of MD5 and SHA-1 (RFC 5929, 4.1).
std::string binding_of(const X509* certificate) {
  int digest_nid = NID_undef;
  if (certificate == nullptr) return {};
  if (X509_get_signature_info(const_cast<X509*>(certificate), &digest_nid, nullptr, nullptr, nullptr) != 1) return {};
  const bool is_weak = digest_nid == NID_md5 || digest_nid == NID_sha1;
  const EVP_MD* digest = is_weak ? EVP_sha256() : EVP_get_digestbynid(digest_nid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  if (digest == nullptr || X509_digest(certificate, digest, hash.data(), &size) != 1) return {};
  return {reinterpret_cast<const char*>(hash.data()), size};
}

void set_common_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle link keeps no buffers; what did not fit is offered again from wherever it then lies.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

Result<void> load_trust(SSL_CTX* context, const std::string& ca_file, const std::string& ca_dir,
                        const std::string& crl_file) {
  const auto or_null = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  if ((!ca_file.empty() || !ca_dir.empty()) &&
      SSL_CTX_load_verify_locations(context, or_null(ca_file), or_null(ca_dir)) != 1)
    return tls_error("cannot read the CA certificates \"" + ca_file + "\"");
  if (crl_file.empty()) return {};
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  if (X509_STORE_load_locations(store, crl_file.c_str(), nullptr) != 1)
    return tls_error("cannot read the revocation list \"" + crl_file + "\"");
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return {};
}

Result<void> load_identity(SSL_CTX* context, const std::string& cert_file, const std::string& key_file) {
  if (SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) != 1)
    return tls_error("cannot read the certificate \"" + cert_file + "\"");
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return tls_error("cannot read the private key \"" + key_file + "\"");
  if (SSL_CTX_check_private_key(context) != 1)
    return tls_error("the private key \"" + key_file + "\" does not belong to the certificate");
  return {};
}

Result<void> load_dh(SSL_CTX* context, const std::string& file) {
  if (file.empty()) {
    SSL_CTX_set_dh_auto(context, 1);
    return {};
  }
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_file(file.c_str(), "r"), &BIO_free_all);
  EVP_PKEY* parameters = bio ? PEM_read_bio_Parameters(bio.get(), nullptr) : nullptr;
  if (parameters == nullptr || SSL_CTX_set0_tmp_dh_pkey(context, parameters) != 1) {
    EVP_PKEY_free(parameters);
    return tls_error("cannot read the DH parameters \"" + file + "\"");
  }
  return {};
}

}  // namespace

Result<void> check_tls_file(TlsFile kind, const std::string& text) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free_all);
  const auto refuse_passphrase = [](char*, int, int, void*) { return -1; };
  const auto is_read = [](auto* found, auto&& release) {
    if (found != nullptr) release(found);
    return found != nullptr;
  };
  const auto check = [](bool is_good, const char* what) -> Result<void> {
    if (is_good) return {};
    return tls_error(std::string("holds no ") + what);
  };
  ERR_clear_error();
  switch (kind) {
    case TlsFile::certificate:
    case TlsFile::authorities:
      return check(is_read(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr), X509_free), "certificate");
    case TlsFile::key:
      return check(is_read(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, nullptr), EVP_PKEY_free),
                   "private key that can be read without a passphrase");
    case TlsFile::revocations:
      return check(is_read(PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr), X509_CRL_free), "revocation list");
    case TlsFile::dh_parameters:
      return check(is_read(PEM_read_bio_Parameters(bio.get(), nullptr), EVP_PKEY_free), "DH parameters");
  }
  return {};
}

Result<TlsServer> TlsServer::make(const TlsServerOptions& settings) {
  TlsServer made;
  made.context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = made.context_.get();
  set_common_options(context);
  std::string passphrase = settings.key_passphrase;
  SSL_CTX_set_default_passwd_cb(context, give_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata(context, &passphrase);
  if (auto loaded = load_identity(context, settings.cert_file, settings.key_file); !loaded) return loaded.error();
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (auto loaded = load_trust(context, settings.ca_file, settings.ca_dir, settings.crl_file); !loaded)
    return loaded.error();
  if (!settings.ca_file.empty() || !settings.ca_dir.empty()) {
    const int needs = settings.needs_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE | needs, nullptr);
    if (!settings.ca_file.empty()) SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(settings.ca_file.c_str()));
  }
  if (!settings.ciphers.empty() && SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1)
    return tls_error("ssl_ciphers = '" + settings.ciphers + "' names no cipher");
  if (settings.prefer_server_ciphers) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (!settings.curve.empty() && SSL_CTX_set1_groups_list(context, settings.curve.c_str()) != 1)
    return tls_error("ssl_ecdh_curve = '" + settings.curve + "' is not a curve");
  if (auto loaded = load_dh(context, settings.dh_file); !loaded) return loaded.error();
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, choose_alpn, nullptr);
  made.binding_ = binding_of(SSL_CTX_get0_certificate(context));
  return made;
}

SslPtr TlsServer::accept_on(int fd) const {
  SslPtr ssl(SSL_new(context_.get()));
  SSL_set_fd(ssl.get(), fd);
  SSL_set_accept_state(ssl.get());
  return ssl;
}

Result<TlsClient> TlsClient::make(const TlsClientOptions& settings) {
  TlsClient made;
  made.mode_ = settings.mode;
  made.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = made.context_.get();
  set_common_options(context);
  if (settings.mode == TlsMode::disable) return made;
  if (auto loaded = load_trust(context, settings.ca_file, settings.ca_dir, settings.crl_file); !loaded)
    return loaded.error();
  if (!settings.cert_file.empty())
    if (auto loaded = load_identity(context, settings.cert_file, settings.key_file); !loaded) return loaded.error();
  if (!settings.ciphers.empty() && SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1)
    return tls_error("the cipher list '" + settings.ciphers + "' names no cipher");
  // As libpq: a CA file that is given is used even where the mode does not insist.
  const bool verifies = settings.mode >= TlsMode::verify_ca || !settings.ca_file.empty();
  SSL_CTX_set_verify(context, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (settings.mode >= TlsMode::verify_ca && settings.ca_file.empty() && settings.ca_dir.empty())
    SSL_CTX_set_default_verify_paths(context);
  SSL_CTX_set_alpn_protos(context, kAlpn.data(), kAlpn.size());
  return made;
}

SslPtr TlsClient::connect_on(int fd, const std::string& host) const {
  SslPtr ssl(SSL_new(context_.get()));
  SSL_set_fd(ssl.get(), fd);
  SSL_set_connect_state(ssl.get());
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl.get());
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) == 1;
  if (is_address && mode_ != TlsMode::verify_full) X509_VERIFY_PARAM_set1_ip(verify, nullptr, 0);
  if (!is_address) {
    ERR_clear_error();
    SSL_set_tlsext_host_name(ssl.get(), host.c_str());
    if (mode_ == TlsMode::verify_full) SSL_set1_host(ssl.get(), host.c_str());
  }
  return ssl;
}

std::string peer_binding(const SSL* ssl) {
  const X509Ptr certificate(SSL_get1_peer_certificate(ssl));
  return binding_of(certificate.get());
}

std::string protocol_and_cipher(const SSL* ssl) {
  return std::string(SSL_get_version(ssl)) + "/" + SSL_get_cipher_name(ssl);
}

bool has_postgresql_alpn(const SSL* ssl) {
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &chosen, &size);
  return chosen != nullptr && std::string_view(reinterpret_cast<const char*>(chosen), size) == kAlpnName;
}

}  // namespace howdah
