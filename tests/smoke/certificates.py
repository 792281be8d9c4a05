"""Keys and certificates for tests, made with openssl."""
import os
import ssl
import subprocess

EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
RSA = ("rsa:2048",)


def openssl(folder, *words):
    r = subprocess.run(["openssl", *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    if r.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(words)}\n{r.stdout[-3000:]}")


def identity(folder, name, ca=None, password=None, kind=EC, days=9):
    """NAME.key and NAME.pem in the folder, signed by itself or by ca."""
    secret = ["-passout", f"pass:{password}"] if password else ["-nodes"]
    new = ["-newkey", *kind, *secret, "-subj", f"/CN={name}", "-keyout", f"{name}.new"]
    if ca:
        openssl(folder, "req", *new, "-out", f"{name}.csr")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", str(days),
                "-out", f"{name}.pem")
    else:
        openssl(folder, "req", "-x509", "-days", str(days), *new, "-out", f"{name}.pem")
    os.replace(folder / f"{name}.new", folder / f"{name}.key")


def anyone():
    """TLS of a client that trusts whatever certificate it is shown."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    return c
