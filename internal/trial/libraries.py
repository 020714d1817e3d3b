# Prints what the libraries say of themselves, one JSON object per line. The line
# with only a name comes before the import, which may end the process.
import importlib
import importlib.util
import json
import os

# An ONNX model of one node, which returns its input.
IDENTITY = bytes.fromhex(
    "08073a370a100a017812017922084964656e746974791201675a0f0a0178120a"
    "0a08080112040a020801620f0a0179120a0a08080112040a02080142040a0010"
    "0d"
)


def text(error):
    return "%s: %s" % (type(error).__name__, " ".join(str(error).split())[:300])


def torch(module):
    cuda = module.cuda
    facts = {"cuda": module.version.cuda, "hip": getattr(module.version, "hip", None)}
    facts["available"] = cuda.is_available()
    if facts["available"]:
        facts["device"] = cuda.get_device_name(0)
        facts["capability"] = "%d.%d" % cuda.get_device_capability(0)
        facts["kernels"] = cuda.get_arch_list()
        try:
            if (module.ones(8, device="cuda") * 2).sum().item() != 16:
                facts["kernel_problem"] = "a kernel computed a wrong sum"
        except Exception as error:
            facts["kernel_problem"] = text(error)
    return facts


def onnxruntime(module):
    facts = {"providers": module.get_available_providers()}
    if "CUDAExecutionProvider" in facts["providers"]:
        facts["provider_problem"] = unloadable(module)
        try:
            session = module.InferenceSession(IDENTITY, providers=facts["providers"])
            facts["session"] = session.get_providers()
        except Exception as error:
            facts["session_problem"] = text(error)
    return facts


def unloadable(module):
    """Which library the CUDA provider lacks, as the dynamic loader says it."""
    import ctypes

    folder = os.path.join(os.path.dirname(module.__file__), "capi")
    try:
        ctypes.CDLL(os.path.join(folder, "libonnxruntime_providers_cuda.so"))
    except OSError as error:
        if "cannot open shared object file" in str(error):
            return str(error)
    return None


def dlib(module):
    return {
        "blas": getattr(module, "DLIB_USE_BLAS", None),
        "lapack": getattr(module, "DLIB_USE_LAPACK", None),
        "dlib_cuda": getattr(module, "DLIB_USE_CUDA", None),
    }


# torch comes last: it makes libraries of CUDA known to those after it.
for ask in (dlib, onnxruntime, torch):
    name = ask.__name__
    if importlib.util.find_spec(name) is None:
        continue
    print(json.dumps({"name": name}), flush=True)
    try:
        module = importlib.import_module(name)
        answer = ask(module)
        answer["version"] = str(getattr(module, "__version__", ""))
    except BaseException as error:
        answer = {"problem": text(error)}
    answer["name"] = name
    print(json.dumps(answer), flush=True)
