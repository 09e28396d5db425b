//! Makes certificates.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, Error, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

const AUTHORITY_YEARS: i64 = 10;
/// Some programs believe no certificate that is valid for longer.
const DAYS: i64 = 825;
/// By what this machine is reached from itself.
const THIS_MACHINE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Somebody who vouches for others.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) certificate: String,
    pub(super) key: String,
}

/// A certificate and its key, in PEM.
pub(super) struct Papers {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new() -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        // So that two authorities are never taken for each other.
        let name = format!("Manless authority {:08x}", fastrand::u32(..));
        params.distinguished_name = called(&name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        valid_for(&mut params, Span::new().years(AUTHORITY_YEARS));
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();

        Ok(Self { certificate, key: key.serialize_pem(), issuer: Issuer::new(params, key) })
    }

    /// A certificate for a broker that is reached by these names, and from its own machine.
    pub(super) fn server(&self, names: &[String]) -> Result<Papers, Error> {
        let mut hosts = names.to_vec();
        let this_machine = THIS_MACHINE.iter().map(|&name| name.to_owned());
        hosts.extend(this_machine.filter(|name| !names.contains(name)));
        let mut params = CertificateParams::new(hosts)?;
        params.distinguished_name = called(names.first().map_or("localhost", String::as_str));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];

        sign(params, &self.issuer)
    }

    /// A certificate for a client of this name, from an authority that was made before.
    pub(super) fn client(certificate: &str, key: &str, name: &str) -> Result<Papers, Error> {
        let issuer = Issuer::from_ca_cert_pem(certificate, KeyPair::from_pem(key)?)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = called(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];

        sign(params, &issuer)
    }
}

fn sign(mut params: CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Result<Papers, Error> {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    valid_for(&mut params, Span::new().days(DAYS));
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?.pem();

    Ok(Papers { certificate, key: key.serialize_pem() })
}

fn called(name: &str) -> DistinguishedName {
    let mut called = DistinguishedName::new();
    called.push(DnType::CommonName, name);

    called
}

/// From yesterday on: the clock of a gate may be behind.
fn valid_for(params: &mut CertificateParams, span: Span) {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let at = |date: Date| {
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };

    params.not_before = at(today.saturating_sub(Span::new().days(1)));
    params.not_after = at(today.saturating_add(span));
}

#[cfg(test)]
mod tests {
    use service::tls::Certificate;
    use x509_parser::pem::parse_x509_pem;

    use super::*;

    #[test]
    fn a_client_is_known_by_its_name() {
        let authority = Authority::new().unwrap();
        let papers = Authority::client(&authority.certificate, &authority.key, "gate_in").unwrap();

        let (_, pem) = parse_x509_pem(papers.certificate.as_bytes()).unwrap();

        assert_eq!(Certificate::read(&pem.contents).unwrap().name(), Ok("gate_in"));
    }
}
