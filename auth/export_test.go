package auth

// ParseCertificates is for the fuzz test, which would else sign each answer.
var ParseCertificates = parseCertificates
